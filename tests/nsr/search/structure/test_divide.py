from collections.abc import Iterator

import numpy as np
from tasks import root

from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import Candidate, scored
from nsr.search.settings import SearchSettings
from nsr.search.state import State
from nsr.search.structure.divide import PartSolver


def test_others_have_turns_while_parts_are_solved():
    X = np.random.default_rng(0).uniform(0.5, 2, (600, 2))
    state = root(X, np.sin(X[:, 0]) + np.exp(X[:, 1]))
    clock = Clock()

    def search(part: State, own: Clock) -> Iterator[list[Candidate]]:
        for _ in range(50):
            own.spend(0.02)
            yield scored([parse("x_0")], part)

    worked, longest, forms = 0.0, 0.0, []
    for found in PartSolver(search, SearchSettings(), clock).separated(state, state.surrogates[:1]):
        longest, worked = max(longest, clock.meter.done - worked), clock.meter.done
        forms += found
    assert [form.variables for form in forms] == [(0, 1)] * len(forms)
    assert len(forms) > 0
    assert worked > 1.9
    assert longest < 0.25
