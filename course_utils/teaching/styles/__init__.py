"""Right answers as different people would write them: a folder an assignment."""
