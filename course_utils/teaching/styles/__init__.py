"""Right answers in other styles than the solutions', for the demo's class."""
