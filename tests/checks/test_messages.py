"""What a beginner reads: every way to fail ends in a sentence, none in a traceback."""

import sys
import time
import warnings

import pytest
import torch

from course_utils import checks
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine

EXERCISES = assignment("metrics_and_loss")


def on_jaccard(function):
    return examine(EXERCISES["jaccard"], function)


def right(predicted, truth, num_classes):
    labelled = truth != 255
    rows = [((predicted == k) & labelled, (truth == k) & labelled) for k in range(num_classes)]
    return torch.stack([(p & t).sum() / (p | t).sum() for p, t in rows])


def test_the_oracle_is_right():
    assert on_jaccard(right).passed


def test_a_blank_solution_is_not_written_yet():
    def jaccard(predicted, truth, num_classes):
        raise NotImplementedError

    verdict = on_jaccard(jaccard)
    assert verdict.kind == "blank"
    assert verdict.text().count("\n") == 0
    assert "not written yet" in verdict.text()


def test_a_function_without_return_returned_nothing():
    def jaccard(predicted, truth, num_classes):
        pass

    assert "returned nothing (None)" in on_jaccard(jaccard).summary()


def test_an_exception_names_the_line_of_the_students_own_code():
    def jaccard(predicted, truth, num_classes):
        counts = torch.zeros(num_classes)
        return torch.stack([counts, torch.zeros(num_classes + 1)])  # inside torch it breaks

    verdict = on_jaccard(jaccard)
    assert verdict.kind == "raised"
    assert "torch.stack([counts" in verdict.text()
    assert "RuntimeError" in verdict.text()
    assert "Traceback" not in verdict.text()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda p, t, k: p[999], "an index outside the range"),
        (lambda p, t, k: undefined, "a name that is not defined"),  # noqa: F821
        (lambda p, t, k: 1 / 0, "a division by zero"),
        (lambda p, t, k: {}["a"], "a key that the dict does not have"),
        (lambda p, t, k: p.nothing, "a name after the dot"),
        (lambda p, t, k: sys.exit(3), "ends the program"),
        (lambda p, t, k: (_ for _ in ()).throw(type("Odd", (Exception,), {})), "type Odd"),
    ],
)
def test_exceptions_come_in_plain_words(function, words):
    assert words in on_jaccard(function).text()


@pytest.mark.parametrize(
    "function",
    [lambda: 0, lambda predicted: 0, lambda a, b, c, d: 0, lambda *, predicted, truth, k: 0],
)
def test_another_signature_is_told_the_expected_one(function):
    verdict = on_jaccard(function)
    assert verdict.kind == "signature"
    assert "jaccard(predicted, truth, num_classes)" in verdict.summary()


def test_other_names_of_parameters_are_the_students_affair():
    assert on_jaccard(lambda a, y, K: right(a, y, K)).passed


def test_a_type_error_inside_is_no_wrong_signature():
    def jaccard(predicted, truth, num_classes):
        return len(5)

    assert on_jaccard(jaccard).kind == "raised"


@pytest.mark.parametrize("value", [5, None, "jaccard", torch.ones(3)])
def test_what_is_no_function_is_told_so(value):
    assert on_jaccard(value).kind == "not callable"


def test_an_endless_loop_ends_with_a_sentence():
    def jaccard(predicted, truth, num_classes):
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    from dataclasses import replace

    begin = time.monotonic()
    verdict = examine(replace(EXERCISES["jaccard"], seconds=0.3), jaccard)
    assert verdict.kind == "time"
    assert "0.3 s" in verdict.summary()
    assert time.monotonic() - begin < 60  # once, not once a case


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ([0.5, 0.5], "type"),
        (0.5, "type"),
        ("0.5", "type"),
        (torch.nn.Linear(1, 1), "type"),
        (torch.rand(7), "shape"),
        (torch.zeros(0), "shape"),
        (torch.zeros(1, 2), "shape"),
        (torch.ones(2).long(), "dtype"),
        (torch.ones(2).bool(), "dtype"),
        (torch.full((2,), torch.nan), "nan"),
        (torch.full((2,), torch.inf), "value"),
        (torch.zeros(2), "value"),
    ],
)
def test_a_wrong_answer_is_told_in_which_way_it_is_wrong(answer, kind):
    verdict = on_jaccard(lambda p, t, k: answer)
    assert not verdict.passed
    assert verdict.kind == kind, verdict.text()


def test_an_answer_of_the_first_elements_only_does_not_pass():
    assert not on_jaccard(lambda p, t, k: right(p, t, k)[:1]).passed


@pytest.mark.parametrize("name", ["pixel_accuracy", "mean_jaccard", "cross_entropy"])
@pytest.mark.parametrize(
    "answer", [float("nan"), torch.tensor(torch.nan), True, "1", [0.5], 0j]
)
def test_nan_and_things_that_are_no_number_fail_where_a_number_is_expected(name, answer):
    assert not examine(EXERCISES[name], lambda *arguments: answer).passed


def test_changed_arguments_are_named():
    def jaccard(predicted, truth, num_classes):
        answer = right(predicted, truth, num_classes)
        predicted[truth == 255] = 0
        return answer

    verdict = on_jaccard(jaccard)
    assert verdict.kind == "changed"
    assert "predicted" in verdict.summary()


def test_two_mistakes_at_once_get_a_message_that_is_true_of_the_smallest_case():
    def jaccard(predicted, truth, num_classes):
        """Dice, and void counted as background: only void cases show the second."""
        truth = truth.long().where(truth != 255, 0)
        rows = [(predicted == k, truth == k) for k in range(num_classes)]
        return torch.stack([2 * (p & t).sum() / (p.sum() + t.sum()) for p, t in rows])

    verdict = on_jaccard(jaccard)
    assert verdict.mistake == "dice"
    assert "smallest failing case; on others the answer differs" in verdict.text()


def test_two_mistakes_on_every_case_get_a_true_general_sentence():
    def jaccard(predicted, truth, num_classes):
        return 1 - 2 * right(predicted, truth, num_classes).nan_to_num(0)

    verdict = on_jaccard(jaccard)
    assert verdict.kind == "value"
    assert verdict.mistake is None
    assert "expected" in verdict.summary()
    assert "0 of 10 cases pass" in verdict.text()


def test_the_smallest_failing_case_is_printed_with_expected_and_got():
    text = on_jaccard(lambda p, t, k: right(p, t, k) / 3).text()
    for word in ("predicted:", "truth:", "num_classes:", "expected:", "got:", "two classes"):
        assert word in text


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("voc_statistics", "whole_folder"),
        ("pixel_accuracy", "void_counted"),
        ("jaccard", "absent_zero"),
        ("mean_jaccard", "mean_over_batches"),
        ("softmax", "overflow"),
    ],
)
def test_a_wrong_map_comes_with_a_small_picture(name, mistake, verdict_of_mistake):
    picture = verdict_of_mistake(EXERCISES[name], mistake).picture
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 60_000


def test_printing_and_warnings_neither_fail_nor_drown_the_message(capfd):
    def jaccard(predicted, truth, num_classes):
        print("a line of output\n" * 10_000)
        print("to stderr", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return right(predicted, truth, num_classes)

    assert on_jaccard(jaccard).passed
    assert on_jaccard(lambda *a: jaccard(*a) / 2).text().count("a line of output") <= 20
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


def test_what_goes_to_the_descriptors_directly_is_kept_back_too(capfd):
    def jaccard(predicted, truth, num_classes):
        import os

        os.write(2, b"straight to descriptor 2")
        return right(predicted, truth, num_classes)

    assert on_jaccard(jaccard).passed
    assert capfd.readouterr().err == ""


def test_a_students_text_never_becomes_html():
    def jaccard(predicted, truth, num_classes):
        print("<img src=x onerror=alert(1)>")
        raise ValueError("<script>alert(2)</script>")  # <b>line</b>

    html = on_jaccard(jaccard).html()
    assert "<script>" not in html
    assert "<img" not in html
    assert "<b>line" not in html
    assert "&lt;script&gt;" in html


def test_in_plain_python_the_exception_is_the_message():
    check = checks.for_assignment("metrics_and_loss")

    def jaccard(predicted, truth, num_classes):
        answer = right(predicted, truth, num_classes)
        return 2 * answer / (1 + answer)  # Dice by way of Jaccard

    with pytest.raises(checks.CheckFailed, match="Dice") as caught:
        check("jaccard", jaccard)
    assert "expected" in str(caught.value)
    assert len(caught.value._render_traceback_()) == 1


def test_in_plain_python_a_right_answer_prints_one_line(capsys):
    checks.for_assignment("metrics_and_loss")("jaccard", right)
    assert capsys.readouterr().out == "✓ jaccard: right; cases passed: 10.\n"


def test_an_unknown_exercise_or_assignment_is_our_users_error():
    with pytest.raises(ValueError, match="metrics_and_loss"):
        checks.for_assignment("metrics_and_loss")("jacard", right)
    for name in ("nothing", "../x", "os.path", ""):
        with pytest.raises(ValueError, match="assignment"):
            checks.for_assignment(name)


def test_without_exercises_the_check_says_that_it_does_not_run(monkeypatch, capsys):
    """So is the kernel that grades: there the set-up cell must run all the same."""
    monkeypatch.setattr("course_utils.checks.exercise._HOME", "course_utils.checks.not_here")
    checks.for_assignment("metrics_and_loss")("jaccard", right)
    assert capsys.readouterr().out == "Checks don't run here.\n"


def test_no_message_holds_code_of_a_solution():
    """No sentence of any exercise quotes a call that solves it."""
    giveaways = ("bincount", "logsumexp(", "amax(", ".gather(", "nanmean", "keepdim", ".exp()")
    for exercise in EXERCISES.values():
        for mistake in exercise.mistakes:
            text = mistake.sentence + (mistake.why or "")
            assert not [word for word in giveaways if word in text], mistake.name


def test_the_grad_mode_and_warnings_of_the_notebook_are_left_as_they_were():
    with torch.no_grad():
        before = list(warnings.filters)
        assert examine(EXERCISES["cross_entropy"], lambda s, t: None).kind == "nothing"
        assert not torch.is_grad_enabled()
        assert warnings.filters == before
        assert sys.getprofile() is None


@pytest.mark.parametrize("value", [None, 5, [], torch.nn.Identity()])
def test_a_head_that_is_no_network_is_never_called_a_dict(value):
    exercise = assignment("transfer_learning")["replace_head"]
    text = examine(exercise, lambda network, num_classes: value).text()
    assert "dict" not in text
    assert value is not None or "nothing" in text
