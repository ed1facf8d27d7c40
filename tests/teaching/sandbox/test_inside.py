"""What a kernel sees and may do, asked from inside; the same for a cold and a forked one."""

import os
import socket
import threading
from pathlib import Path

import pytest

import course_utils

PACKAGE = Path(course_utils.__file__).parent
ROOT = PACKAGE.parent

LOOK = """
import ctypes, importlib.util, os, pathlib, random, socket, sys
import numpy, torch
from course_utils.checks.exercise import installed

def tried(action):
    try:
        action()
    except BaseException as error:
        return type(error).__name__
    return "done"

def read(path):
    try:
        return open(path).read()
    except OSError:
        return ""

def watched():
    from course_utils.checks.watch import Watch
    watch = Watch((), lambda: (1, "of a child"))
    with watch:
        child = os.fork()
        if not child:
            watch.note("what a child did")
            os._exit(0)
        os.waitpid(child, 0)
    return watch.used

def write(path):
    return tried(lambda: pathlib.Path(path, "mine").write_text("x"))

status = dict(line.split(":", 1) for line in open("/proc/self/status"))
libc = ctypes.CDLL(None, use_errno=True)
facts = {
    "root": sorted(os.listdir("/")),
    "exists": {path: os.path.exists(path) for path in asked},
    "package": sorted(os.listdir(package)),
    "beside_package": sorted(os.listdir(os.path.dirname(package))),
    "modules": {name: tried(lambda: __import__(name)) for name in modules},
    "installed": installed(),
    "environment": sorted(os.environ),
    "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
    "first": open("/proc/1/cmdline").read() + open("/proc/self/cmdline").read(),
    "environ": read("/proc/self/environ") + read("/proc/1/environ"),
    "interfaces": [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line],
    "connect": tried(lambda: socket.create_connection(("127.0.0.1", port), 2)),
    "abstract": tried(lambda: socket.socket(socket.AF_UNIX).connect(f"\\0course-test-{port}")),
    "capabilities": {name: status[name].strip() for name in
                     ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")},
    "no_new_privs": status["NoNewPrivs"].strip(),
    "write": {path: write(path) for path in
              ("/", "/usr", "/etc", "/dev", "/proc/sys/kernel", sys.prefix, package,
               "/hand_in", "/tmp", "/dev/shm", os.environ["HOME"])},
    "kernel_files": {name: tried(lambda: open(f"/proc/{name}", "r+")) for name in
                     ("sys/kernel/core_pattern", "sys/vm/drop_caches", "sysrq-trigger",
                      "irq/default_smp_affinity", "self/uid_map")},
    "mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
    "home": sorted(name for name in os.listdir(os.environ["HOME"]) if name != "mine"),
    "folder": [os.getcwd(), sorted(os.listdir("."))],
    "hostname": socket.gethostname(),
    "descriptors": sorted(os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                          if os.path.exists(f"/proc/self/fd/{n}")),
    "random": [random.random(), numpy.random.rand(), torch.rand(1).item()],
    "draws": torch.get_num_threads(),
    "path": sys.path,
    "writable_data": write("/data"),
    "watched": watched(),
}
"""
MODULES = ("course_utils.reference.metrics", "course_utils.teaching.judge")
MODULES += (
    "torchmetrics.functional",
    "segmentation_models_pytorch.losses",
    "course_utils.checks.assignments.unet.exercises",
    "course_utils.checks.assignments.unet.model_answers",
)


@pytest.fixture(scope="package")
def facts(fork, tmp_path_factory):
    from tests.teaching.sandbox.kernels import Kernel

    folder = tmp_path_factory.mktemp("beside")
    (folder / "data.csv").write_text("1,2")
    (folder / "hidden.ipynb").write_text("secret")
    (folder / "torch.py").write_text("raise SystemExit")
    asked = [str(ROOT / name) for name in ("solutions", "gradebook.db", "submitted", ".git")]
    asked += ["/etc/shadow", "/etc/passwd", str(Path.home() / ".ssh"), str(folder), "/var"]
    asked += [str(PACKAGE / name) for name in ("reference", "teaching")]
    answers = (PACKAGE / "checks" / "assignments").rglob("*.*")
    asked += [str(path) for path in answers if path.name not in ("__init__.py", "probes.py")]
    os.environ["JUPYTERHUB_API_TOKEN"] = "secret-token"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as near,
    ):
        near.bind(f"\0course-test-{server.getsockname()[1]}")
        near.listen()
        values = {
            "asked": asked,
            "modules": MODULES,
            "package": str(PACKAGE),
            "port": server.getsockname()[1],
        }
        kernel = Kernel(folder, fork=fork)
        try:
            lines = "\n".join(f"{name} = {value!r}" for name, value in values.items())
            yield kernel.facts(f"{lines}\n{LOOK}") | {"folder_outside": str(folder)}
        finally:
            kernel.end()
            del os.environ["JUPYTERHUB_API_TOKEN"]


def test_nothing_of_the_course_or_the_home_exists(facts):
    assert not any(facts["exists"].values()), facts["exists"]
    assert not {"reference", "teaching"} & set(facts["package"])
    assert {"data", "checks", "i18n.py", "locale"} <= set(facts["package"])
    assert not {"solutions", "assignments", "tests"} & set(facts["beside_package"])
    assert not {"boot", "mnt", "opt", "srv", "var"} & set(facts["root"])


def test_answers_cannot_be_imported(facts):
    assert set(facts["modules"].values()) == {"ModuleNotFoundError"}, facts["modules"]
    assert not facts["installed"]


def test_the_environment_and_the_command_lines_tell_no_secret(facts):
    assert "JUPYTERHUB_API_TOKEN" not in facts["environment"]
    told = facts["environ"] + facts["first"]
    assert "secret" not in told
    assert facts["folder_outside"] not in told
    assert f"HOME={Path.home()}" not in told


def test_what_a_child_does_under_a_check_is_seen(facts):
    assert facts["watched"] == [["what a child did", 1, "of a child"]]


def test_no_other_process_is_seen(facts):
    assert max(facts["processes"]) < 50


def test_there_is_no_network(facts):
    assert facts["interfaces"] == ["lo"]
    assert facts["connect"] != "done"
    assert facts["abstract"] == "ConnectionRefusedError"


def test_no_right_is_left(facts):
    assert set(facts["capabilities"].values()) == {"0" * 16}
    assert facts["no_new_privs"] == "1"
    assert facts["mount"] == -1
    assert "done" not in facts["kernel_files"].values()


def test_the_system_is_read_only_and_its_own_folders_are_not(facts):
    done = {path for path, how in facts["write"].items() if how == "done"}
    assert done == {"/hand_in", "/tmp", "/dev/shm", "/home/student"}
    assert facts["writable_data"] == "done"  # in memory: data sets are drawn there


def test_the_home_is_empty_but_for_caches(facts):
    assert set(facts["home"]) <= {".cache", ".ipython", ".config", ".local"}


def test_data_beside_the_notebook_is_there_and_the_notebook_is_not(facts):
    place, names = facts["folder"]
    assert (place, names) == ("/hand_in", ["data.csv", "mine"])


def test_no_descriptor_of_the_grader_is_left(facts):
    for name in facts["descriptors"]:
        kind = name.partition(":")[0]
        assert kind in ("anon_inode", "socket", "pipe", "/dev/null") or name.startswith("/proc")


def test_kernels_do_not_draw_the_same_numbers(start, facts):
    code = "import random, numpy, torch\nfacts = [random.random(), numpy.random.rand(), "
    drawn = start().facts(code + "torch.rand(1).item()]")
    assert all(ours != theirs for ours, theirs in zip(facts["random"], drawn, strict=True))


def test_a_module_of_the_student_can_be_imported(start):
    code = "open('helper.py', 'w').write('VALUE = 42')\nimport helper\nfacts = helper.VALUE"
    assert start().facts(code) == 42


def test_a_figure_is_shown(start):
    kernel = start()
    shown = []
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    kernel.client.execute_interactive(
        code, output_hook=lambda message: shown.append(message["content"]), timeout=100
    )
    assert any("image/png" in content.get("data", {}) for content in shown)


def test_two_kernels_share_no_folder_and_see_no_other(start):
    one, two = start(), start()
    one.run("open('/tmp/mine', 'w').write('x'); open('/dev/shm/mine', 'w').write('x')")
    code = (
        "import os\nfacts = [os.listdir('/tmp'), os.listdir('/dev/shm'), os.listdir('/proc')]"
    )
    tmp, memory, processes = two.facts(code)
    assert "mine" not in tmp + memory
    assert len([name for name in processes if name.isdigit()]) < 6


def test_kernels_start_in_threads_that_are_not_the_main_one(start):
    found = []

    def work():
        found.append(start().run("print(6 * 7)"))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["42\n"] * 3


@pytest.mark.parametrize("seconds", [0.5])
def test_an_interrupt_reaches_the_cell(start, seconds):
    kernel = start()
    kernel.client.execute("import time\ntry: time.sleep(600)\nexcept KeyboardInterrupt: x = 1")
    threading.Timer(seconds, kernel.manager.interrupt_kernel).start()
    assert kernel.run("print(x)") == "1\n"
