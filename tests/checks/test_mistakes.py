"""Every catalogued mistake fails with its own sentence, in both languages."""

from dataclasses import replace

from course_utils.checks import grading
from course_utils.checks.exercise import assignment
from course_utils.checks.judging import Answers, judge
from course_utils.checks.notebook import VISIBLE_SEED
from course_utils.i18n import _, speaking
from tests.checks.right import every, secret_seeds


@every
def test_every_mistake_gets_its_own_sentence_on_secret_seeds(name, exercise):
    for seed in secret_seeds(exercise):
        answers = Answers(exercise, exercise.cases(seed))
        for mistake in exercise.mistakes:
            got = [answers.of(mistake, index) for index in range(len(answers.cases))]
            verdict = judge(answers, got, hidden=True)
            assert not verdict.passed, f"{mistake.name} passes with seed {seed}"
            assert verdict.kind == "mistake", f"{mistake.name}, seed {seed}: {verdict.text()}"
            assert verdict.headline.message == mistake.sentence, (
                f"{mistake.name}, seed {seed}: {verdict.text()}"
            )


@every
def test_every_mistake_gets_its_sentence_on_the_students_seed_in_both_languages(name, exercise):
    exercise = replace(exercise, picture=None)
    answers = Answers(exercise, exercise.cases(VISIBLE_SEED))
    for mistake in exercise.mistakes:
        got = [answers.of(mistake, index) for index in range(len(answers.cases))]
        verdict = judge(answers, got, hidden=False)
        assert not verdict.passed
        for language in ("ru", "en"):
            with speaking(language):
                assert verdict.summary() == _(mistake.sentence)
                assert (_(mistake.sentence) == mistake.sentence) == (language == "en")
                assert _(mistake.sentence) in verdict.text()


@every
def test_an_exercise_has_enough_mistakes_and_each_is_named_once(name, exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    assert len(names) == len(set(names))
    assert len({mistake.sentence for mistake in exercise.mistakes}) >= 5


@every
def test_cases_depend_on_the_seed_and_on_nothing_else(name, exercise):
    requests = []
    for seed in (5, 5, 6, 7):
        grading.make_request.cache_clear()  # what it has drawn it keeps
        grading._answers.cache_clear()
        requests.append(grading.make_request(name, exercise.name, seed))
    assert requests[0] == requests[1]
    assert len(set(requests)) == 3
    titles = [[case.title for case in exercise.cases(seed)] for seed in range(5)]
    assert all(row == titles[0] for row in titles)
    assert len(set(titles[0])) == len(titles[0])


def test_a_hidden_verdict_shows_no_number_of_the_case():
    exercise = assignment("metrics_and_loss")["jaccard"]
    answers = Answers(exercise, exercise.cases(11))
    mistake = next(m for m in exercise.mistakes if m.name == "dice")
    got = [answers.of(mistake, index) for index in range(len(answers.cases))]
    verdict = judge(answers, got, hidden=True)
    assert verdict.blocks == ()
    assert verdict.picture is None
    for number in [*got[0].answer.tolist(), *answers.right[0].answer.tolist()]:
        assert f"{number:.4g}" not in verdict.text()
    assert verdict.mistake == "dice"
    assert "one image, two classes" in verdict.text()
