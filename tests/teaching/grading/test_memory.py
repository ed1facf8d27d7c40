"""Memory stays flat: nothing of a hand-in is kept when it has been graded."""

import os
import tracemalloc

from course_utils.teaching.grading.pool import Pool

KB = 1000
HAND_INS = 120


def judged(hand_in: dict) -> dict:
    return {"notebook": hand_in["file"].hex()}


def test_what_was_sent_to_workers_and_back_is_forgotten():
    held = []

    def given():
        for number in range(HAND_INS):
            if number in (HAND_INS // 3, HAND_INS - 1):
                held.append(tracemalloc.get_traced_memory()[0])
            yield f"grade-{number}", ({"file": os.urandom(250 * KB)},)

    tracemalloc.start()
    try:
        with Pool(judged, jobs=1) as pool:
            results = (result for _key, result, _error in pool.each_done(given()))
            done = [len(result["notebook"]) for result in results]
    finally:
        tracemalloc.stop()
    assert done == [500 * KB] * HAND_INS
    early, late = held
    assert late - early < 8000 * KB  # of 80 × 750 kB
