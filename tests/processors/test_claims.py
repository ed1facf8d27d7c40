"""Asserts taken apart: each comparison, its margin, and on to the next."""

import ast

import pytest
import torch

from tests.processors.claims import Claims, claims_of, instrument


def measured(code, **names):
    claims = Claims()
    exec(compile(instrument(ast.parse(code)), "page", "exec"), names | {"__claims__": claims})
    return claims.found


def test_a_claim_that_fails_is_noted_and_the_page_goes_on():
    found = measured("assert a > 2\nassert a < 2", a=1.5)
    assert found == {
        "a > 2": {"margin": -0.5, "held": False, "value": 1.5, "bound": 2.0},
        "a < 2": {"margin": 0.5, "held": True, "value": 1.5, "bound": 2.0},
    }


def test_a_chain_is_its_links_and_numbers_alone_are_none():
    found = measured("assert 0.2 < a < 0.5 < 0.6 < b", a=0.3, b=0.5)
    assert {key: each["held"] for key, each in found.items()} == {
        "0.2 < a": True, "a < 0.5": True, "0.6 < b": False,
    }  # fmt: skip


def test_and_is_both_and_not_built_in_falls_away():
    assert list(measured("assert (a > 1 and a < 3) or not built_in", a=2)) == ["a > 1", "a < 3"]


def test_all_is_its_worst_pair():
    (each,) = measured(
        "assert all(x > y + 1 for x, y in zip(a, b))", a=[5, 3], b=[1, 1]
    ).values()
    assert (each["margin"], each["value"], each["bound"]) == (1, 3, 2)


def test_nested_alls_with_conditions_are_taken_in_full():
    code = "assert all(all(x < 3 for x in row if x != 9) for row in rows)"
    (each,) = measured(code, rows=[[1, 9], [2.5, 0]]).values()
    assert each["margin"] == 0.5


def test_of_a_tensor_the_worst_element_counts():
    (each,) = measured("assert (t < 1).all()", t=torch.tensor([0.25, 0.75])).values()
    assert (each["margin"], each["value"]) == (0.25, 0.75)


def test_of_tensors_that_are_equal_all_elements_are():
    t = torch.tensor([0, 1])
    found = measured("assert (t == 0).all() and (t >= 0).all() and (t[:1] == 0).all()", t=t)
    assert [each["held"] for each in found.values()] == [False, True, True]


def test_what_is_close_is_measured_against_what_is_allowed():
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.25])
    code = "assert torch.allclose(a, b, rtol=0, atol=0.5) and torch.allclose(*both, atol=0.1)"
    loose, tight = measured(code, a=a, b=b, both=(a, b), torch=torch).values()
    assert (loose["value"], loose["bound"], loose["margin"]) == (0.25, 0.5, 0.25)
    assert not tight["held"]


@pytest.mark.parametrize("called", ["torch.allclose", "torch.equal"])
def test_what_is_not_a_number_does_not_hold(called):
    nothing = torch.tensor([torch.nan])
    (each,) = measured(f"assert {called}(a, a)", a=nothing, torch=torch).values()
    assert not each["held"]
    assert not measured("assert a < 1", a=nothing)["a < 1"]["held"]


def test_equalities_hold_or_do_not():
    found = measured("assert a == 2 and a in (1, 3) and not b", a=2, b=[])
    assert [(each["held"], each["margin"]) for each in found.values()] == [
        (True, None), (False, None), (True, None),
    ]  # fmt: skip
    assert found["a in (1, 3)"]["value"] == "2"


def test_each_side_is_computed_once():
    """What is asked of a graph twice may have no second answer."""
    turns = iter([1, 2, 3])
    (each,) = measured("assert next(turns) == 1", turns=turns, next=next).values()
    assert each["held"]
    assert next(turns) == 2


def test_in_a_loop_the_worst_turn_counts():
    (each,) = measured("for x in (3, 1, 2):\n    assert x > 0.5").values()
    assert each["margin"] == 0.5


def test_the_same_words_twice_are_two_claims():
    code = "x = 1\nassert x > 0\nx = 2\nassert x > 0"
    assert [each["margin"] for each in measured(code).values()] == [1, 2]
    assert [claim.key for claim in claims_of(ast.parse(code))] == ["x > 0", "x > 0 #2"]


def test_a_claim_that_can_not_be_computed_does_not_hold():
    (each,) = measured("assert a[3] > 1", a=[]).values()
    assert not each["held"]
    assert "IndexError" in each["error"]


def test_claims_are_known_without_running_the_page():
    code = "import torch\nif built_in:\n    assert f(x) > 1\n    assert g(x) == 3"
    found = [
        (c.key, c.line, c.kind, c.bound) for c in claims_of(ast.parse(code), first_line=11)
    ]
    assert found == [("f(x) > 1", 13, "order", "1"), ("g(x) == 3", 14, "exact", "")]
