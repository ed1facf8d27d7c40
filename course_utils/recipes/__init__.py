"""The real trainings of the lecture: `python -m course_utils.recipes list`."""
