"""The assignment on metrics and loss."""
