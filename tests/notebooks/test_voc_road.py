"""Every lecture's cells run where VOC 2012 and ImageNet weights are: on files of their form.

What stands in for them is drawn and random (see `voc_like`), so only the road is tested, not
what a lecture says about its end. It takes minutes: COURSE_TEST_ALL=1, as `make test-all` sets.
"""

import os
import subprocess
import sys

import jupytext
import pytest

from course_utils.teaching import config, lectures
from tests.conftest import REPOSITORY
from tests.notebooks import voc_like

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("COURSE_TEST_ALL"), reason="takes minutes: run `make test-all`"
    ),
    pytest.mark.timeout(3600),  # AlexNet is trained again and again, on processors
]
SOURCES = lectures.sources(config.load(REPOSITORY))
START = """
import IPython.display, matplotlib
from course_utils import session
matplotlib.use("Agg")
IPython.display.display = lambda *anything, **options: None
assert session.start("ru").data == "voc2012"
"""


@pytest.fixture(scope="module")
def voc(tmp_path_factory):
    return voc_like.make(
        tmp_path_factory.mktemp("voc"), networks=("alexnet", "resnet18", "vgg16")
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_lecture_runs_on_voc_s_files(path, voc, tmp_path):
    cells = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "code"]
    script = tmp_path / f"{path.stem}.py"
    script.write_text("\n\n".join([START, *cells]), encoding="utf-8")
    environment = os.environ | voc
    environment.pop("OMP_NUM_THREADS", None)  # these programs train long: on all processors
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=environment | {"COURSE_STRICT": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "can't be had" not in done.stderr
