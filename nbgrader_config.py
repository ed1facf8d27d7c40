"""nbgrader's settings for this course: what its own commands, Formgrader included, work with.

    nbgrader generate_assignment metrics_and_loss --force
    COURSE_LANGUAGE=en nbgrader generate_assignment metrics_and_loss --force

publish the assignment in the course's first language, and in English.
"""

from pathlib import Path

from nbgrader.converters import GenerateAssignment

import course_utils
from course_utils.essays import STUBS
from course_utils.teaching.config import load
from course_utils.teaching.language import PickLanguage, chosen_language
from course_utils.teaching.programs import find_own_programs_first

find_own_programs_first()

c = get_config()  # noqa: F821 (nbgrader gives this name)
course = load(Path(__file__).parent)
language = chosen_language(course)

# --- Folders ---
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = f"assignments/{language}"
# nbgrader copies what stands beside a notebook into the release and to every hand-in:
# without "*.py" here, the sources with their solutions would go to the students.
c.CourseDirectory.ignore = [
    "*.py",
    "*.pyc",
    "__pycache__",
    ".ipynb_checkpoints",
    "feedback",
]

# --- Publishing: generate_assignment ---
c.PickLanguage.language = language
c.GenerateAssignment.preprocessors = [
    PickLanguage,
    *GenerateAssignment.preprocessors.default(),
]
c.ClearSolutions.text_stub = STUBS[language]

# --- Collecting: zip_collect ---
# `course collect` does more: earlier tries are kept, and a bad file stops nobody.
c.ZipCollectApp.extractor_plugin = "course_utils.teaching.collect.plugins.SafeExtractor"
c.ZipCollectApp.collector_plugin = "course_utils.teaching.collect.plugins.NameCollector"
# Moodle's names, flat or in folders: "Иванова Анна_123456_assignsubmission_file_NAME.ipynb".
# The participant's number is the student's id: it is there once, and no name has to be spelt
# the same way twice. roster.csv says whose it is.
c.FileNameCollectorPlugin.named_regexp = (
    r".*[/\\][^/\\]*_(?P<student_id>\d+)_assignsubmission_file"
    r"(?:_[/\\]|[_/\\])(?P<file_id>[^/\\]+)$"
)

# --- Grading: autograde ---
c.CourseDirectory.course_id = "course"
c.CourseDirectory.ignore += ["*.so", "*.pyd", "*.pth"]  # nor does a hand-in bring modules along
c.CourseDirectory.ignore += [
    "*.[hH][tT][mM]*",
    "*.[xX][hHmMsS]*",
    "*.[sS][vV][gG]*",
]  # nor pages
c.Autograde.exporter_class = "course_utils.teaching.judge.JudgedHandInExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "course_utils.teaching.restore.RestoreRelease",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.OverwriteCells.add_missing_cells = True
c.Autograde.autograde_preprocessors = [
    "course_utils.teaching.judge.Judge",  # in place of nbgrader's Execute
    "course_utils.teaching.sent_outputs.TidyOutputs",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.KernelProvisionerFactory.default_provisioner_name = "course-sandbox"  # `nbgrader validate`
c.Judge.timeout = 180  # seconds for one cell: one that trains takes 60 on an idle machine

# --- Formgrader: hand-ins are shown with all that could run taken out ---
c.HTMLExporter.preprocessors = ["course_utils.teaching.formgrader.CleanHandIn"]
TEMPLATES = Path(course_utils.__file__).parent / "teaching" / "templates"
c.HTMLExporter.template_file = str(TEMPLATES / "course_marking" / "page.html.j2")
c.HTMLExporter.filters = {"markdown2html": "course_utils.teaching.formgrader.markdown2html"}

# --- Exchange: Formgrader's "release" and "collect", where students share this machine ---
# Marks and hand-ins of an LMS go past it. `course lab` makes the folder, so that Formgrader
# finds nothing amiss; on a JupyterHub name the folder that all can write to.
c.Exchange.root = str(Path(__file__).parent / "exchange")

# --- Feedback: generate_feedback ---
c.GenerateFeedback.exporter_class = "course_utils.teaching.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "course_utils.teaching.feedback.HideHiddenTests",
    "course_utils.teaching.feedback.ShowFeedback",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
