"""Memory stays flat: nothing of a hand-in is kept when it has been graded."""

import os
import tracemalloc

from course_utils.teaching.grading.cluster import connected, each_done

KB = 1000
HAND_INS = 120


def judged(_kit: dict, hand_in: dict) -> dict:
    return {"notebook": hand_in["file"].hex()}


def test_what_was_sent_to_workers_and_back_is_forgotten():
    held = []

    def given():
        for number in range(HAND_INS):
            if number in (HAND_INS // 3, HAND_INS - 1):
                held.append(tracemalloc.get_traced_memory()[0])
            kit, hand_in = {"file": os.urandom(200 * KB)}, {"file": os.urandom(50 * KB)}
            yield f"grade-{number}", (kit, hand_in)

    tracemalloc.start()
    try:
        with connected(1) as client:
            results = (result for _key, result, _error in each_done(client, judged, given()))
            done = [len(result["notebook"]) for result in results]
    finally:
        tracemalloc.stop()
    assert done == [100 * KB] * HAND_INS
    early, late = held
    assert late - early < 8000 * KB  # of 80 × 350 kB
