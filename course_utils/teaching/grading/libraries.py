"""All that a worker needs, to be imported once for the workers of a machine."""

# ruff: noqa: F401
import sqlalchemy.dialects.sqlite
import torch
from nbgrader import preprocessors

from course_utils.checks import grading
from course_utils.teaching import judge, restore, sent_outputs, suspicions
from course_utils.teaching.grading import worker
