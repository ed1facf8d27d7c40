"""What is done once in a process gives the answers that it gave when it was done each time."""

from types import SimpleNamespace

import jsonschema
import nbformat
import pytest
from nbformat.v4 import new_code_cell
from nbgrader import api
from nbgrader.nbgraderformat import MetadataValidator, ValidationError
from sqlalchemy import event, inspect

from course_utils.teaching.doctor.known import Known
from course_utils.teaching.grading import thrift

thrift.once_a_process()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/gradebook.db"


def statements(url, action):
    """What SQLite is asked while the action runs."""
    found = []
    engine = api.create_engine(url, echo=False, future=True)

    def note(_connection, _cursor, statement, *_others):
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return found


def open_and_close(url):
    with api.Gradebook(url):
        pass


def test_a_gradebook_is_asked_for_its_tables_once(url):
    first = statements(url, lambda: open_and_close(url))
    second = statements(url, lambda: open_and_close(url))
    assert sum("table_info" in text for text in first) > 5
    assert sum("table_info" in text for text in second) == 0


def test_another_file_of_the_same_name_gets_its_tables(url, tmp_path):
    with api.Gradebook(url) as gradebook:
        gradebook.add_student("a")
    (tmp_path / "gradebook.db").unlink()
    with api.Gradebook(url) as gradebook:
        assert gradebook.students == []
        assert "submitted_assignment" in inspect(gradebook.engine).get_table_names()


def test_a_closed_gradebook_leaves_no_connection(url):
    open_and_close(url)
    engine = api.create_engine(url, echo=False, future=True)
    assert engine is api.create_engine(url, echo=False, future=True)
    assert engine.pool.checkedout() == 0
    assert engine.pool.checkedin() == 0


def cell(**fields):
    right = {
        "grade_id": "jaccard",
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "points": 2.0,
        "cell_type": "code",
        "checksum": "0" * 32,
        "schema_version": 3,
    }
    return new_code_cell(metadata={"nbgrader": right | fields})


@pytest.mark.parametrize(
    "fields", [{"grade_id": "two words"}, {"points": "many"}, {"grade": 1}, {"strange": 1}]
)
def test_wrong_metadata_is_refused_in_the_same_words(fields):
    wrong = cell(**fields)
    with pytest.raises(ValidationError) as ours:
        MetadataValidator().validate_cell(wrong)
    validator = MetadataValidator()
    with pytest.raises(jsonschema.ValidationError) as theirs:
        jsonschema.validate(wrong.metadata["nbgrader"], validator.schema)
    assert str(ours.value) == str(theirs.value)


def test_right_metadata_passes_and_the_schema_is_checked_once(monkeypatch):
    thrift._validator.cache_clear()
    checked = []
    kind = jsonschema.validators.validator_for(MetadataValidator().schema)

    def check(schema, *_more, **_options):
        checked.append(schema)

    monkeypatch.setattr(kind, "check_schema", check)
    for _again in range(3):
        MetadataValidator().validate_cell(cell())
    assert len(checked) == 1


def test_a_release_that_is_known_is_not_read_again():
    known = Known({}, {})
    names = {"assignment": "a", "notebook": "a", "db_url": "sqlite:////nowhere/x.db"}
    assert Known.for_grading(names | {"known": known}) is known
    with pytest.raises(Exception, match="unable to open"):
        Known.for_grading(SimpleNamespace(**names).__dict__)


OUTPUTS = [
    {"output_type": "stream"},
    {"output_type": "stream", "name": 3, "text": "a"},
    {"output_type": "nothing"},
    {"output_type": "display_data", "data": {"text/plain": 4}, "metadata": {}},
    {"output_type": "error", "ename": "E", "evalue": "", "traceback": "one"},
    {"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": 1.0},
    [],
]


@pytest.mark.parametrize("wrong", OUTPUTS, ids=str)
def test_a_wrong_output_is_refused_in_nbformat_s_words(wrong, monkeypatch):
    def refused():
        with pytest.raises(nbformat.ValidationError) as error:
            nbformat.validate(wrong, ref="output", version=4, version_minor=5)
        return str(error.value)

    ours = refused()
    theirs = nbformat.json_compat.JsonSchemaValidator.iter_errors
    monkeypatch.setattr(nbformat.json_compat.FastJsonSchemaValidator, "iter_errors", theirs)
    assert ours == refused()


def test_a_right_part_is_checked_by_the_compiled_schema_alone(monkeypatch):
    def slow(*_given):
        raise AssertionError("asked jsonschema")

    right = new_code_cell(
        "1", outputs=[nbformat.v4.new_output("stream", name="stdout", text="a")]
    )
    monkeypatch.setattr(nbformat.json_compat.JsonSchemaValidator, "iter_errors", slow)
    nbformat.validate(right, ref="code_cell", version=4, version_minor=5)
    with pytest.raises(AssertionError, match="asked jsonschema"):
        nbformat.validate({}, ref="code_cell", version=4, version_minor=5)
