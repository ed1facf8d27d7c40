"""Evaluation against torchmetrics and scikit-learn, whatever the batches."""

import math

import pytest
import torch
import torchmetrics
from sklearn.metrics import accuracy_score
from torch import nn

from course_utils.data.voc import VOID
from course_utils.reference.evaluation import evaluate_classification, evaluate_segmentation
from course_utils.reference.placement import Placement


def segmentation_batches(*sizes, seed=0):
    draw = torch.Generator().manual_seed(seed)
    for number in sizes:
        logits = torch.randn(number, 4, 6, 5, generator=draw)
        truth = torch.randint(3, (number, 6, 5), generator=draw)  # class 3 never occurs
        truth[torch.rand(truth.shape, generator=draw) < 0.2] = VOID
        yield logits, truth


class Modes(nn.Module):
    """Gives its input back, and notes the mode it is called in."""

    def __init__(self):
        super().__init__()
        self.inner, self.seen = nn.Dropout(0.9), []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled(), x.dtype))
        return self.inner(x)


def test_segmentation_equals_torchmetrics_over_the_whole_data_set():
    batches = list(segmentation_batches(3, 1))
    oracle = torchmetrics.JaccardIndex("multiclass", num_classes=4, ignore_index=VOID,
                                       average=None)  # fmt: skip
    accuracy = torchmetrics.Accuracy("multiclass", num_classes=4, ignore_index=VOID,
                                     average="micro")  # fmt: skip
    for logits, truth in batches:
        oracle.update(logits.argmax(1), truth)
        accuracy.update(logits.argmax(1), truth)
    measures = evaluate_segmentation(nn.Identity(), batches, 4)
    assert measures["jaccard"] == pytest.approx(oracle.compute().tolist(), abs=1e-6)
    assert measures["mean_jaccard"] == pytest.approx(float(oracle.compute().mean()), abs=1e-6)
    assert measures["pixel_accuracy"] == pytest.approx(float(accuracy.compute()), abs=1e-6)


def test_a_class_that_never_occurs_is_nan_and_left_out_of_the_mean():
    logits = torch.zeros(1, 3, 2, 2)
    logits[:, 0] = 1
    measures = evaluate_segmentation(nn.Identity(), [(logits, torch.zeros(1, 2, 2).long())], 3)
    assert measures["jaccard"] == pytest.approx([1.0, math.nan, math.nan], nan_ok=True)
    assert measures["mean_jaccard"] == 1.0


def test_classification_equals_scikit_learn_and_does_not_depend_on_the_cut():
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(23, 5, generator=draw)
    labels = torch.randint(5, (23,), generator=draw)
    expected = accuracy_score(labels, logits.argmax(1))
    for size in (1, 10, 23):
        batches = zip(logits.split(size), labels.split(size), strict=True)
        assert evaluate_classification(nn.Identity(), batches) == {"accuracy": expected}


@pytest.mark.parametrize("training", [True, False])
def test_the_model_computes_in_evaluation_mode_without_gradient_and_keeps_its_mode(training):
    model = Modes().train(training)
    model.inner.train(not training)
    evaluate_classification(model, [(torch.ones(2, 3), torch.zeros(2).long())])
    assert model.seen == [(False, False, torch.float32)]
    assert (model.training, model.inner.training) == (training, not training)


def test_modes_are_put_back_after_an_error():
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout()).train()
    with pytest.raises(RuntimeError):
        evaluate_classification(model, [(torch.ones(2, 4), torch.zeros(2).long())])
    assert model[1].training


def test_a_frozen_layer_stays_in_evaluation_mode_after_evaluation():
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3), nn.Linear(3, 2)).train()
    model[1].eval()
    evaluate_classification(model, [(torch.ones(2, 3), torch.zeros(2).long())])
    assert [module.training for module in model.modules()] == [True, True, False, True]


def test_by_default_it_is_float32_where_the_model_is_and_the_layout_stays():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten())
    seen = []
    model.register_forward_hook(lambda _m, _i, output: seen.append(output.dtype))
    evaluate_classification(model, [(torch.rand(2, 3, 3, 3), torch.zeros(2).long())])
    assert seen == [torch.float32]
    assert model[0].weight.is_contiguous()


def test_the_model_is_not_moved_though_there_is_a_faster_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    batches = [(torch.rand(2, 3), torch.zeros(2).long())]
    assert 0 <= evaluate_classification(nn.Linear(3, 2), batches)["accuracy"] <= 1


def test_a_placement_given_is_used():
    model = nn.Conv2d(3, 4, 3)
    seen = []
    model.register_forward_hook(lambda _m, _i, output: seen.append(output.dtype))
    batches = [(torch.rand(1, 3, 3, 3), torch.zeros(1, 1, 1).long())]
    evaluate_segmentation(model, batches, 4, Placement.choose("cpu", "bfloat16"))
    assert seen == [torch.bfloat16]
    assert model.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "evaluate", [evaluate_classification, lambda m, b: evaluate_segmentation(m, b, 3)]
)
def test_no_batches_are_refused(evaluate):
    with pytest.raises(ValueError, match="at least one batch, got none"):
        evaluate(nn.Identity(), [])


def test_maps_in_place_of_labels_name_the_cure():
    batches = [(torch.zeros(2, 3, 4, 4), torch.zeros(2).long())]
    with pytest.raises(ValueError, match=r"\(2, 3, 4, 4\) and \(2,\).*evaluate_segmentation"):
        evaluate_classification(nn.Identity(), batches)
