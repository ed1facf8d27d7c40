"""The assignment on fully convolutional networks."""
