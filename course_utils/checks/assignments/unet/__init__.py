"""The assignment on U-Net."""
