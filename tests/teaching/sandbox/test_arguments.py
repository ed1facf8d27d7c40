"""The policy and bwrap's arguments: what is let in, without running anything."""

import sys
from pathlib import Path

import pytest

import course_utils
from course_utils.checks.exercise import assignments
from course_utils.teaching.sandbox import bubblewrap, policy, programs

PACKAGE = Path(course_utils.__file__).parent


@pytest.fixture
def arguments(tmp_path):
    made = policy.policy(
        {"LANG": "C.UTF-8"},
        connection=tmp_path / "kernel.json",
        beside=[("/a/b.csv", "/h/b.csv")],
    )
    return bubblewrap.arguments(made)


def let_in(arguments):
    return [
        Path(arguments[place + 1])
        for place, word in enumerate(arguments)
        if word in ("--ro-bind", "--bind", "--dev-bind")
    ]


def test_nothing_outside_the_list_is_let_in(arguments):
    allowed = [Path("/dev"), Path("/etc"), Path("/sys/devices/system"), Path("/usr")]
    for path in let_in(arguments):
        assert path != Path("/")
        assert not PACKAGE.parent.is_relative_to(path) or path in map(Path, sys.path)
        assert path not in (
            Path.home(),
            Path("/home"),
            Path("/root"),
            Path("/var"),
            Path("/etc"),
        )
    assert any(path.is_relative_to(allowed[-1]) for path in let_in(arguments))


@pytest.mark.parametrize("part", ["reference", "teaching"])
def test_answers_and_grader_are_not_let_in(arguments, part):
    secret = PACKAGE / part
    assert secret.is_dir()
    for path in let_in(arguments):
        assert not path.is_relative_to(secret)
        assert not secret.is_relative_to(path) or path in map(Path, sys.path)


def test_of_an_assignment_its_probes_alone_are_let_in(arguments):
    home = PACKAGE / "checks" / "assignments"
    inside = {path for path in let_in(arguments) if path.is_relative_to(home)}
    assert {path.name for path in inside} == {"__init__.py", "probes.py"}
    assert {path.parent.name for path in inside if path.name == "probes.py"} == {*assignments()}
    around = {path for path in let_in(arguments) if home.is_relative_to(path)} - inside
    assert around <= set(map(Path, sys.path))


@pytest.mark.parametrize("name", ["pid", "ipc", "uts", "net"])
def test_every_namespace_is_new(arguments, name):
    assert f"--unshare-{name}" in arguments


def test_an_ordinary_user_gets_a_namespace_of_users_and_root_another_user():
    ordinary = bubblewrap.arguments(policy.Policy())
    root = bubblewrap.arguments(policy.Policy(user=1_800_000_000))
    assert "--unshare-user" in ordinary
    assert "--cap-add" not in ordinary
    assert "--unshare-user" not in root
    assert "--reuid=1800000000" in bubblewrap.become(1_800_000_000)


def test_nothing_outside_can_be_written_to(arguments, tmp_path):
    assert "--bind" not in arguments
    assert arguments[arguments.index(str(tmp_path)) - 1] == "--tmpfs"
    assert arguments[-4:-2] == ["--remount-ro", "/"]


def test_each_folder_in_memory_has_a_size(arguments):
    places = [i for i, word in enumerate(arguments) if word == "--tmpfs"]
    assert len(places) >= len(policy.FOLDERS)
    assert all("--size" in arguments[i - 4 : i] for i in places)


def test_the_environment_is_only_what_was_chosen(arguments):
    assert "--clearenv" in arguments
    names = [arguments[i + 1] for i, word in enumerate(arguments) if word == "--setenv"]
    assert set(names) >= {"LANG", "HOME"}
    assert not {"JUPYTERHUB_API_TOKEN", "PYTHONPATH"} & set(names)


def test_data_beside_a_notebook_is_let_in_and_modules_are_not(tmp_path):
    names = ("data.csv", "a/b.png", "n.ipynb", "torch.py", "m.so", "x.pth", ".secret", "a.pyc")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    found = [inside for _outside, inside in policy.files_beside(tmp_path)]
    assert found == ["/hand_in/data.csv", "/hand_in/a/b.png"]


@pytest.mark.parametrize("name", ["course.toml", "gradebook.db"])
def test_the_folder_of_a_course_is_no_hand_in(tmp_path, name):
    (tmp_path / "grades.csv").write_text("1")
    (tmp_path / name).write_text("")
    assert policy.files_beside(tmp_path) == ()


def test_bwrap_is_held_to_the_youngest_of_the_options_that_it_is_given(arguments, monkeypatch):
    monkeypatch.setattr(bubblewrap, "bwrap", lambda: "bwrap")
    used = {word for word in arguments if word.startswith("--")}
    used |= set(bubblewrap.arguments(policy.Policy(user=1)))
    with bubblewrap.command(policy.Policy(), "--info-fd", "1") as (words, _descriptors):
        used |= set(words)
    assert used & set(programs.NEEDED) == set(programs.NEEDED)


def test_a_course_below_tmp_is_not_covered_by_the_kernels_own_tmp():
    below = [("/tmp/a/lib", "/tmp/a/lib")]
    found = bubblewrap.arguments(policy.Policy(links=(), system=below, folders={"/tmp": 2**20}))
    assert found.index("/tmp") < found.index("/tmp/a/lib")
    assert found.count("--tmpfs") == 3  # /tmp once, /dev, and what is around the library


def test_the_folders_of_a_course_below_tmp_are_made_read_only():
    part = "/tmp/a/course_utils/data"
    found = bubblewrap.arguments(
        policy.Policy(
            system=[("/tmp/a/lib", "/tmp/a/lib")],
            read_only=[(part, part), ("/fonts/list", "/tmp/.cache/list")],
            folders={"/tmp": 2**20},
        )
    )
    read_only = [found[place + 1] for place, word in enumerate(found) if word == "--remount-ro"]
    assert read_only == ["/tmp/a", "/dev", "/proc", "/"]  # and not /tmp/.cache
    assert found.index("/tmp/a") < found.index(part) < found.index("--remount-ro")


@pytest.mark.parametrize("given", [{}, {"PATH": "/nowhere/inside:/bin"}])
def test_the_systems_programs_are_found_whatever_path_the_grader_has(given, tmp_path):
    made = policy.policy(given, connection=tmp_path / "kernel.json")
    folders = made.environment["PATH"].split(":")
    assert {"/usr/bin", "/bin"} <= set(folders)
    assert folders[0] == ("/nowhere/inside" if given else "/usr/local/bin")
    assert len(set(folders)) == len(folders)
