"""The linear probe, against scikit-learn and the derivatives of its objective."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from course_utils.reference.probe import linear_probe
from tests.processors.noise import RelativeNoise


def blobs(seed, samples, dimensions, classes, spread=2.0):
    draw = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    centres = draw.normal(size=(classes, dimensions))
    return centres[labels] + spread * draw.normal(size=(samples, dimensions)), labels


@pytest.mark.parametrize("l2", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("classes", [3, 7])
def test_the_probe_equals_scikit_learns_logistic_regression(classes, l2):
    x, y = blobs(0, samples=120, dimensions=6, classes=classes)
    oracle = LogisticRegression(C=1 / (len(x) * l2), tol=1e-9, max_iter=20_000).fit(x, y)
    probe = linear_probe(torch.tensor(x), torch.tensor(y), classes, l2=l2)
    np.testing.assert_allclose(probe.weight.detach(), oracle.coef_, rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(probe.bias.detach(), oracle.intercept_, rtol=1e-3, atol=2e-4)
    predicted = probe(torch.tensor(x)).argmax(1)
    assert predicted.tolist() == oracle.predict(x).tolist()


def test_with_two_classes_scikit_learn_needs_twice_the_c():
    x, y = blobs(1, samples=80, dimensions=5, classes=2)
    oracle = LogisticRegression(C=2 / (80 * 0.1), tol=1e-9, max_iter=5000).fit(x, y)
    probe = linear_probe(torch.tensor(x), torch.tensor(y), 2, l2=0.1)
    difference = (probe.weight[1] - probe.weight[0]).detach().numpy()
    np.testing.assert_allclose(difference, oracle.coef_[0], atol=1e-4)


def test_on_separable_data_without_much_regularisation_every_sample_is_right():
    x, y = blobs(2, samples=60, dimensions=40, classes=3, spread=0.1)
    x, y = torch.tensor(x), torch.tensor(y)
    assert torch.equal(linear_probe(x, y, 3, l2=1e-5)(x).argmax(1), y)


@settings(max_examples=20, deadline=None)
@given(
    samples=st.integers(1, 20),
    dimensions=st.integers(1, 6),
    classes=st.integers(2, 5),
    seed=st.integers(0, 1000),
)
def test_at_the_probe_the_objective_is_flat_in_every_direction(
    samples, dimensions, classes, seed
):
    """Convex, so the one point with no slope is the optimum; derivatives written out."""
    draw = np.random.default_rng(seed)
    x, y = draw.normal(size=(samples, dimensions)), draw.integers(classes, size=samples)
    probe = linear_probe(torch.tensor(x), torch.tensor(y), classes, l2=0.3)
    weight, bias = probe.weight.detach().numpy(), probe.bias.detach().numpy()
    scores = np.exp(x @ weight.T + bias)
    error = scores / scores.sum(1, keepdims=True) - np.eye(classes)[y]
    assert np.abs(error.T @ x / samples + 0.3 * weight).max() < 1e-5
    assert np.abs(error.mean(0)).max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_probe_has_the_dtype_of_the_features(dtype):
    x, y = blobs(3, samples=30, dimensions=4, classes=3)
    probe = linear_probe(torch.tensor(x).to(dtype), torch.tensor(y), 3)
    assert (probe.weight.dtype, probe.bias.dtype) == (dtype, dtype)


def test_features_may_be_a_transposed_view_and_made_in_inference_mode():
    x, y = blobs(4, samples=30, dimensions=4, classes=3)
    with torch.inference_mode():
        view = torch.tensor(x.T.copy()).T
    probe = linear_probe(view, torch.tensor(y, dtype=torch.uint8), 3)
    expected = linear_probe(torch.tensor(x), torch.tensor(y), 3)
    torch.testing.assert_close(probe.weight, expected.weight)


def test_the_features_keep_their_graph_and_get_no_gradient():
    x, y = blobs(5, samples=30, dimensions=4, classes=3)
    features = torch.tensor(x, requires_grad=True)
    linear_probe(features, torch.tensor(y), 3)
    assert features.grad is None


def test_a_probe_can_be_fitted_where_gradients_are_off():
    x, y = blobs(6, samples=30, dimensions=4, classes=3)
    with torch.no_grad():
        off = linear_probe(torch.tensor(x), torch.tensor(y), 3)
    torch.testing.assert_close(
        off.weight, linear_probe(torch.tensor(x), torch.tensor(y), 3).weight
    )


def test_features_that_are_large_and_far_from_zero_are_solved_too():
    x, y = blobs(0, samples=120, dimensions=6, classes=3)
    probe = linear_probe(torch.tensor(30 * x + 150), torch.tensor(y), 3, l2=1e-2)
    oracle = LogisticRegression(C=1 / (120 * 1e-2), tol=1e-10, max_iter=100_000)
    predicted = oracle.fit(30 * x + 150, y).predict(30 * x + 150)
    same = probe(torch.tensor(30 * x + 150)).argmax(1).numpy() == predicted
    assert same.mean() > 0.98


def test_a_looser_tolerance_stops_earlier():
    x, y = (torch.tensor(part) for part in blobs(0, samples=120, dimensions=6, classes=3))
    loose, exact = (linear_probe(x, y, 3, tolerance=t) for t in (1e-2, 1e-9))
    difference = (loose.weight - exact.weight).abs().max()
    assert 1e-6 < difference < 1


@pytest.mark.parametrize("draw", [None, 0, 1, 2])
def test_the_slope_falls_further_than_the_value_can_show(draw):
    """A value near 1 is known to 1e-16: its search stalls at a slope of 1e-9 to 1e-8."""
    x, y = (torch.tensor(part) for part in blobs(0, samples=120, dimensions=6, classes=3))
    with RelativeNoise(draw) if draw is not None else nullcontext():
        exact, usual = linear_probe(x, y, 3, tolerance=1e-13), linear_probe(x, y, 3)
    error = (x @ exact.weight.T + exact.bias).softmax(1) - torch.eye(3)[y]
    assert (error.T @ x / 120 + 1e-3 * exact.weight).abs().max() < 1e-12
    assert error.mean(0).abs().max() < 1e-12
    torch.testing.assert_close(exact.weight, usual.weight, rtol=0, atol=1e-2)


def test_a_tolerance_below_all_rounding_is_an_error():
    x, y = (torch.tensor(part) for part in blobs(0, samples=120, dimensions=6, classes=3))
    with pytest.raises(RuntimeError, match="a larger tolerance"):
        linear_probe(30 * x + 150, y, 3, tolerance=1e-18)


def test_the_default_regularisation_is_a_thousandth():
    x, y = blobs(8, samples=60, dimensions=6, classes=3)
    default, said = (
        linear_probe(torch.tensor(x), torch.tensor(y), 3, **options)
        for options in ({}, {"l2": 1e-3})
    )
    torch.testing.assert_close(default.weight, said.weight)


def test_too_few_steps_are_an_error_not_a_bad_probe():
    x, y = blobs(7, samples=60, dimensions=6, classes=3)
    with pytest.raises(RuntimeError, match=r"after 2 steps\. Standardise"):
        linear_probe(torch.tensor(x), torch.tensor(y), 3, max_steps=2)


@pytest.mark.parametrize(
    ("features", "labels", "l2", "message"),
    [
        (torch.zeros(2, 3, 1, 1), torch.tensor([0, 1]), 1.0, r"mean\(\(2, 3\)\)"),
        (torch.zeros(0, 3), torch.zeros(0).long(), 1.0, "N >= 1"),
        (
            torch.zeros(2, 3).long(),
            torch.tensor([0, 1]),
            1.0,
            "floating point, got .* torch.int",
        ),
        (torch.zeros(2, 3), torch.tensor([0, 1, 1]), 1.0, r"labels \(2,\), got \(3,\)"),
        (torch.zeros(2, 3), torch.tensor([0.0, 1.0]), 1.0, "integer labels"),
        (torch.zeros(2, 3), torch.tensor([0, 3]), 1.0, r"0\.\.2, got 3"),
        (torch.zeros(2, 3), torch.tensor([-1, 0]), 1.0, r"0\.\.2, got -1"),
        (torch.zeros(2, 3), torch.tensor([0, 1]), 0.0, "l2 > 0"),
        (torch.full((2, 3), torch.nan), torch.tensor([0, 1]), 1.0, "finite"),
    ],
)
def test_wrong_input_is_refused_by_name(features, labels, l2, message):
    with pytest.raises(ValueError, match=message):
        linear_probe(features, labels, 3, l2=l2)
