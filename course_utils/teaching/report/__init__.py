"""`course report`: the class's work on one assignment, on one HTML page for the instructor."""

from course_utils.teaching.report.gather import gather
from course_utils.teaching.report.page import render

__all__ = ["gather", "render"]
