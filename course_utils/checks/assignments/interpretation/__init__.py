"""The assignment on interpretation."""
