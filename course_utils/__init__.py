"""Reference implementations, data, checks and figures of the course.

Students import `session`, `checks`, `data` and `figures`; `teaching` is for instructors
and is never published with the student edition.
"""

__version__ = "0.1.0"
