"""Right answers to the assignments in other styles than the solutions', for a class to play with."""
