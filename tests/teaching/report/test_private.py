"""What the instructor is asked to look at never reaches a student's feedback page."""

import nbformat
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from course_utils.teaching.suspicions import WHAT
from tests.teaching.report.small_class import BY_LOOPS, NAME


def test_feedback_holds_no_place_to_look_at(new_class, request):
    noted = [{"cell": 2, "line": 77, "code": "NOTED CODE", "what": "ends"}]
    scores = {"jaccard": 3, "softmax": 0, "essay": 0}
    new_class.add(
        *("anna", BY_LOOPS, scores),
        look_at=noted,
        language="en",
        outcome={"state": "graded", "reason": ""},
    )
    root = new_class.grade()
    graded = nbformat.read(root / f"autograded/anna/{NAME}/{NAME}.ipynb", as_version=4)
    assert graded.metadata.course.look_at == noted
    here = request.path.parents[3]
    config = PyFileConfigLoader("nbgrader_config.py", path=str(here)).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.assignment_id = NAME
    GenerateFeedback(coursedir=CourseDirectory(config=config), config=config).start()
    page = (root / f"feedback/anna/{NAME}/{NAME}.html").read_text(encoding="utf-8")
    assert "num_classes" in page
    assert "look_at" not in page
    assert "NOTED CODE" not in page
    assert WHAT["ends"] not in page
