"""Plain values survive the wire, nothing else does, and no bytes raise but WireError."""

import json
import math
from contextlib import suppress

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.checks import wire
from course_utils.checks.wire import Foreign, WireError, decode, encode, plain, text_under

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 99), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_plain_values_come_back_as_they_were(value):
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(float("nan")),
        torch.arange(6).reshape(2, 3),
        torch.rand(2, 3).T,
        torch.zeros(0, 4),
        torch.tensor([True, False]),
        torch.rand(3, dtype=torch.float64, requires_grad=True),
        torch.rand(3).bfloat16(),
        torch.tensor([1 + 2j]).conj(),
    ],
)
def test_tensors_come_back_with_type_shape_and_numbers(tensor):
    back = decode(encode([tensor]))[0]
    assert type(back) is torch.Tensor
    assert back.dtype == tensor.dtype
    assert back.shape == tensor.shape
    torch.testing.assert_close(back, tensor.detach(), rtol=0, atol=0, equal_nan=True)
    assert not back.requires_grad


def test_arrays_and_numpy_numbers_keep_their_kind():
    array, number = decode(encode([np.arange(3, dtype=">i2"), np.float32(0.5)]))
    assert array.tolist() == [0, 1, 2]
    assert isinstance(number, np.float32)
    assert number == 0.5
    assert math.isnan(decode(encode(float("nan"))))


class Liar(torch.Tensor):
    """A tensor subclass that answers every question as it likes."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True

    def numpy(self):
        raise RuntimeError


class Everything:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __reduce__(self):
        return print, ("pickled",)


class Number(float):
    def __float__(self):
        return 1.0


def test_a_tensor_subclass_is_read_without_asking_it():
    back = plain(torch.ones(2).as_subclass(Liar))
    assert type(back) is torch.Tensor
    assert back.tolist() == [1, 1]


def test_an_array_subclass_and_a_number_subclass_are_what_they_hold():
    assert type(plain(np.ma.masked_array([1.0, 2.0], [0, 1]))) is np.ndarray
    assert plain(Number(0.25)) == 0.25
    assert type(plain(Number(0.25))) is float


@pytest.mark.parametrize(
    "value",
    [
        Everything(),
        object,
        print,
        np.array([Everything()]),
        np.array(["a"]),
        2**70,
        {1, 2},
        b"x",
    ],
)
def test_other_objects_travel_as_their_types_name(value):
    assert isinstance(decode(encode(value)), Foreign)


def test_a_value_that_holds_itself_ends():
    circle = []
    circle.append(circle)
    assert decode(encode(circle)) is not None


def forged(tree, tensors=None):
    return safetensors.torch.save(tensors or {}, {"course": json.dumps(tree)})


GOOD = encode({"a": torch.ones(3), "b": [1, 2]})


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        b"",
        b"12345678",
        GOOD[:-1],
        GOOD[: len(GOOD) // 2],
        GOOD + b"x",
        b"\xff" * 100,
        (2**62).to_bytes(8, "little") + b"{}",
        (100).to_bytes(8, "little") + b"[" * 100,
        safetensors.torch.save({"t0": torch.ones(2)}),
        forged({"tensor": "t9"}),
        forged({"unknown": 1}),
        forged([1, 2]),
        forged({"array": "t0", "dtype": "O"}, {"t0": torch.ones(1)}),
        forged({"array": "t0", "dtype": "U9999999999"}, {"t0": torch.ones(1)}),
        forged({"dict": [[{"dict": []}, 1]]}),
        forged({"dict": [[1]]}),
        safetensors.torch.save({}, {"course": '{"list": [' * 3000}),
        safetensors.torch.save({}, {"course": "not json"}),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_way(data):
    with pytest.raises(WireError):
        decode(data)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_flipped_bytes_raise_nothing_but_wire_error(data):
    broken = bytearray(GOOD)
    for _change in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with suppress(WireError):
        decode(bytes(broken))


def test_too_many_bytes_are_refused_unread(monkeypatch):
    monkeypatch.setattr(wire, "MAX_BYTES", 50)
    with pytest.raises(WireError, match="bytes"):
        decode(GOOD)


ONE = {"t0": torch.zeros(2**18, dtype=torch.uint8)}


@pytest.mark.parametrize(
    "tree",
    [
        {"list": [{"tensor": "t0"}] * 2},
        {"list": [{"array": "t0", "dtype": "float64"}] * 3000},
        {"list": [{"tensor": "t0"}, {"array": "t0", "dtype": "uint8"}]},
        {"dict": [["a", {"tensor": "t0"}], ["b", {"scalar": "t0", "dtype": "uint8"}]]},
    ],
)
def test_a_tensor_that_is_named_twice_is_refused(tree):
    with pytest.raises(WireError):
        decode(forged(tree, ONE))


def test_numbers_asked_for_in_a_wider_type_are_counted_in_that_type(monkeypatch):
    monkeypatch.setattr(wire, "MAX_BYTES", 2**20)
    tree = {"array": "t0", "dtype": "float16"}
    assert decode(forged(tree, ONE)).nbytes == 2**19
    with pytest.raises(WireError, match="numbers"):
        decode(forged(tree | {"dtype": "float64"}, ONE))


def test_a_text_of_the_tree_is_read_and_no_tensor_is(monkeypatch):
    data = encode({"nonce": "word", "number": 5, "many": torch.ones(9)})
    monkeypatch.setattr(safetensors.torch, "load", None)
    assert text_under(data, "nonce") == "word"
    assert text_under(data, "number") is None
    assert text_under(data, "many") is None
    assert text_under(data, "none") is None
    assert text_under(encode([1]), "nonce") is None
    with pytest.raises(WireError):
        text_under(data[:-300], "nonce")


def test_a_pickle_is_not_read():
    import pickle

    with pytest.raises(WireError):
        decode(pickle.dumps(Everything()))
