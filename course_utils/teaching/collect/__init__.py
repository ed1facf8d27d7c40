"""Collect hand-ins out of whatever an LMS lets one download: `course collect`."""
