"""Right answers to transfer_learning, a style a module."""
