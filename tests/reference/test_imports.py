"""A page of the reference loads what it needs and no more."""

import subprocess
import sys


def test_metrics_and_losses_load_neither_torchvision_nor_a_network():
    code = (
        "import sys, course_utils.reference.metrics, course_utils.reference.losses\n"
        "print([name for name in ('torchvision', 'course_utils.reference.fcn') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
