"""The script for a GPU, on the CPU: what it asks, what it says of a failure, how it ends."""

import subprocess
import sys
import textwrap

import pytest
import torch

from course_utils import claims, session
from tests.conftest import REPOSITORY
from tests.gpu import page
from tests.gpu.__main__ import NO_GPU, main, pages


def source(folder, text, name="lectures"):
    path = folder / name / "page.py"
    path.parent.mkdir()
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _session(monkeypatch, tmp_path):
    monkeypatch.setattr(session, "_current", None)
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "data"))


def test_all_lectures_and_all_assignments_are_asked():
    names = list(pages())
    assert len([name for name in names if name[:2].isdigit()]) == 8
    assert {"metrics_and_loss", "unet", "dilated"} < set(names)
    assert all(path.is_file() for path in pages().values())


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_without_a_gpu_one_sentence_says_so_and_the_exit_code_is_its_own(capsys):
    assert main([]) == NO_GPU
    assert NO_GPU not in (0, 1, 2)
    [sentence] = capsys.readouterr().err.splitlines()
    assert "No GPU is here" in sentence


def test_an_unknown_name_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--device", "cpu", "unett"])
    assert caught.value.code == 2
    assert "unet" in capsys.readouterr().err


def test_a_false_claim_is_noted_and_the_page_goes_on(tmp_path):
    path = source(
        tmp_path,
        """\
        # %%
        x = 0.5
        assert x > 1

        # %%
        assert x > 2 or x < 0
        assert x < 1
        """,
    )
    before = claims.Claim.say
    found = page.run(path, "cpu")
    assert claims.Claim.say is before
    assert found["asked"] == 3
    assert len(found["failed"]) == 2
    assert "`x > 1`" in found["failed"][0]
    assert "`x` = 0.5" in found["failed"][1]


def test_an_error_is_said_with_its_line_and_fails(tmp_path):
    found = page.run(source(tmp_path, "# %%\nx = 1\n\n# %%\nx = 2\nx / 0\n"), "cpu")
    assert found["failed"] == ["ZeroDivisionError: division by zero (page.py:6)"]


def test_answers_get_and_give_tensors_of_the_device():
    """`meta` is a device that every machine has."""
    where = []

    def function(x, parts):
        where.append((x.device.type, parts["a"][0].device.type))
        return x, [2 * parts["a"][0]]

    x = torch.ones(2)
    moved = page.on_device(function, torch.device("meta"))
    answer, [double] = moved(x, {"a": [x]})
    assert where == [("meta", "meta")]
    assert (answer.device.type, double.device.type) == ("meta", "meta")


def test_an_answer_with_a_network_on_the_cpu_gets_its_arguments_as_they_are():
    network = torch.nn.Linear(2, 2)
    own = page.on_device(lambda x: network(x), torch.device("meta"))
    assert own(torch.ones(1, 2)).device.type == "meta"
    given = page.on_device(lambda net, x: net(x), torch.device("meta"))
    assert given(network, torch.ones(1, 2)).device.type == "meta"


def test_a_wrong_model_answer_fails_with_the_check_s_words(monkeypatch):
    path = REPOSITORY / "solutions" / "metrics_and_loss" / "metrics_and_loss.py"
    session.start("en", device="cpu")
    assert page.assignment(path) == (6, [])
    monkeypatch.setattr(page, "on_device", lambda function, device: lambda *anything: None)
    asked, failed = page.assignment(path)
    assert (asked, len(failed)) == (6, 6)


def test_the_program_prints_a_table_and_ends_with_0():
    done = subprocess.run(
        [sys.executable, "-m", "tests.gpu", "--device", "cpu", "metrics_and_loss"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1].split()
    assert (last[0], last[-2:]) == ("metrics_and_loss", ["6", "0"])
