"""Open and closed systems as they are drawn."""

from itertools import islice

import numpy as np

from eval.open_systems import closed_cases, open_cases


def test_systems_of_all_sorts_are_drawn_and_the_same_ones_again():
    drawn = [list(islice(cases(seed=3), 4)) for cases in (open_cases, closed_cases, open_cases)]
    assert {case.kind for case in drawn[0]} >= {"hidden state", "velocity", "delay"}
    assert {case.kind for case in drawn[1]} == {"closed"}
    for one, other in zip(drawn[0], drawn[2], strict=True):
        np.testing.assert_array_equal(one.states, other.states)
    for case in drawn[0] + drawn[1]:
        assert case.states.shape[0] == len(case.times) == 200
        assert np.all(np.isfinite(case.states))
