"""What students call themselves is shown and exported as text."""

import csv
import io

import pytest
from rich.console import Console

from course_utils.teaching.class_table import Row, class_rows, table, write_csv
from course_utils.teaching.collect import table as collected
from course_utils.teaching.collect.run import Collected, Item
from course_utils.teaching.plain_text import PlainConsole, csv_cell, printable

NAMES = [
    "Surname [/b]",
    "[red]Surname",
    "Sur\x1b[31mname",
    "Sur\u202eeman",
    '=HYPERLINK("http://x", "y")',
    "@SUM(A1)",
    "-1+1",
]


def printed(renderable):
    console = Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_marks_shows_the_name_and_obeys_none_of_it(name):
    said = printed(table([Row("1", name, "graded", marks={})]))
    assert printable(name) in said
    assert "\x1b" not in said.replace("\x1b[1m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize("name", NAMES)
def test_so_does_a_table_of_what_was_collected(name):
    found = Collected([Item(student="1", name=name, state="collected", source=name)])
    assert printable(name) in printed(collected.table(found))


@pytest.mark.parametrize("name", NAMES)
def test_marks_in_a_csv_begin_no_formula(name):
    file = io.StringIO()
    write_csv([Row(name, name, "crashed", reason=name)], file)
    (row,) = csv.DictReader(io.StringIO(file.getvalue()))
    for key in ("student", "name", "reason"):
        assert row[key] == csv_cell(name)
        assert row[key][0] not in "=+-@"


@pytest.mark.parametrize("name", NAMES)
def test_a_message_is_printed_as_it_is(name):
    console = PlainConsole(file=io.StringIO(), width=200)
    console.print(f"{name}: not graded", style="red")
    assert console.file.getvalue() == f"{printable(name)}: not graded\n"


ROSTERS = {
    "semicolons": "id;last_name;first_name\n7;Орлов;Глеб\n".encode(),
    "a byte order mark": "\ufeffid,last_name,first_name\n7,Орлов,Глеб\n".encode(),
    "UTF-16": "id\tlast_name\tfirst_name\n7\tОрлов\tГлеб\n".encode("utf-16"),
    "cp1251": "id;last_name;first_name\n7;Орлов;Глеб\n".encode("cp1251"),
    "Russian headings": "ID;Фамилия;Имя\n7;Орлов;Глеб\n".encode(),
    "Excel's first line": "sep=;\nid;last_name;first_name\n7;Орлов;Глеб\n".encode(),
}


@pytest.mark.parametrize("content", ROSTERS.values(), ids=ROSTERS)
def test_marks_read_every_roster_that_can_be_collected_with(tmp_path, content):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("work")
    (tmp_path / "roster.csv").write_bytes(content)
    (row,) = class_rows(tmp_path, "work")
    assert (row.student, row.name, row.state) == ("7", "Орлов Глеб", "absent")
