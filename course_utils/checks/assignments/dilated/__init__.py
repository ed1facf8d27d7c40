"""The assignment on dilated convolutions."""
