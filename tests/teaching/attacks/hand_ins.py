"""Every attack there is, by name."""

from dataclasses import replace

from tests.teaching.attacks.banned import BANNED
from tests.teaching.attacks.ending import ENDING
from tests.teaching.attacks.folders import FOLDERS
from tests.teaching.attacks.forging import FORGING
from tests.teaching.attacks.messages import MESSAGES
from tests.teaching.attacks.notebooks import NOTEBOOKS
from tests.teaching.attacks.own_tests import OWN_TESTS
from tests.teaching.attacks.pages import PAGES
from tests.teaching.attacks.reaching import REACHING
from tests.teaching.attacks.sandbox import SANDBOX
from tests.teaching.attacks.several import SEVERAL

__all__ = ["ATTACKS", "READ_IN_A_BROWSER"]

_KEPT_IN = tuple(
    replace(attack, needs_sandbox=True) for attack in (*ENDING, *REACHING, *SANDBOX)
)
_ALL = (
    *(*FORGING, *OWN_TESTS, *MESSAGES),
    *BANNED,
    *(*_KEPT_IN, *NOTEBOOKS, *FOLDERS, *SEVERAL, *PAGES),
)
READ_IN_A_BROWSER = tuple(a.name for a in (*PAGES, *MESSAGES, *OWN_TESTS))
ATTACKS = {attack.name: attack for attack in _ALL}
assert len(ATTACKS) == len(_ALL)
