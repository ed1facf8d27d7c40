"""Right answers to metrics_and_loss, a style a module."""
