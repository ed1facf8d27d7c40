"""Right answers to interpretation, a style a module."""
