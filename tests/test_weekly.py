"""What the weekly workflow says of Colab's packages and of a run's reports."""

import importlib.util
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]


def script(name):
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / f".github/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


colab_versions, which_broke = script("colab_versions"), script("which_broke")

LIST = """\
filelock==3.18.0
ipython==7.34.0
ipywidgets==7.7.1
matplotlib==3.10.0
numpy==2.0.2
pillow==11.3.0
safetensors==0.6.2
torch @ https://download.pytorch.org/whl/cu126/torch-2.8.0%2Bcu126-cp312-cp312-manylinux_2_28_x86_64.whl
torchvision==0.23.0+cu126
tqdm==4.67.1
""" + "".join(f"package-{number}==1.0\n" for number in range(60))


def problems(text):
    return colab_versions.problems(colab_versions.listed(text), colab_versions.dependencies())


def test_a_good_list_is_good():
    assert problems(LIST) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("safetensors==0.6.2\n", "", "safetensors"),
        ("ipython==7.34.0", "ipython==7.33.0", ">=7.34"),
        ("ipywidgets==7.7.1", "ipywidgets==9.0.0", "<9"),
        ("torch-2.8.0", "torch-2.5.1", ">=2.6"),
        ("numpy==2.0.2", "numpy==1.9.9", ">=1.26"),
    ],
)
def test_a_package_gone_or_out_of_bounds_is_named(old, new, said):
    (problem,) = problems(LIST.replace(old, new))
    assert said in problem


def test_another_file_is_not_taken_for_the_list():
    (problem,) = problems("404: Not Found")
    assert "is it the file" in problem


def test_constraints_hold_our_dependencies_alone(tmp_path, capsys):
    (tmp_path / "list.txt").write_text(LIST)
    assert colab_versions.main([str(tmp_path / "list.txt"), "--constraints"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "torch==2.8.0" in lines
    assert "torchvision==0.23.0" in lines
    assert len(lines) == len(colab_versions.dependencies())


def test_the_summary_names_failed_tests_missing_reports_and_other_versions(tmp_path, capsys):
    (tmp_path / "report.xml").write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="test_b">'
        '<failure message="assert 1 == 2&#10;more"/></testcase>'
        '<testcase classname="tests.a" name="test_c"/></testsuite></testsuites>'
    )
    (tmp_path / "now.txt").write_text("numpy==3.0\ntorch==2.6\n")
    (tmp_path / "pins.txt").write_text("numpy==2.0\ntorch==2.6\n")
    which_broke.main(
        [
            *("a week", "--installed", str(tmp_path / "now.txt")),
            *("--pinned", str(tmp_path / "pins.txt")),
            *(str(tmp_path / "report.xml"), str(tmp_path / "lectures.xml")),
        ]
    )
    page = capsys.readouterr().out
    assert "`tests.a::test_b`: assert 1 == 2\n" in page
    assert "test_c" not in page
    assert "lectures.xml is missing" in page
    assert "| numpy | 2.0 | 3.0 |" in page
    assert "torch" not in page


def test_the_workflow_is_yaml_that_runs_weekly_and_calls_what_is_there():
    text = (REPOSITORY / ".github/workflows/weekly.yml").read_text()
    workflow = yaml.safe_load(text)
    triggers = workflow[True]  # YAML 1.1 reads the key `on` so
    assert len(triggers["schedule"][0]["cron"].split()) == 5
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    commands = "\n".join(step.get("run", "") for step in steps)
    assert "googlecolab/backend-info" in commands
    for path in (".github/colab_versions.py", ".github/which_broke.py", "constraints.txt"):
        assert path in commands
        assert (REPOSITORY / path).is_file()
