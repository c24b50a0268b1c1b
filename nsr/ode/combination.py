"""Systems put together from right-hand sides of their components, simulated on pieces of trajectories."""

from __future__ import annotations

import itertools
import time
from collections.abc import Hashable, Sequence

from nsr.expressions.expression import Expression
from nsr.ode.forms import forms
from nsr.ode.shooting import Paths, System, scores

# The best few right-hand sides of each component are tried in every combination.
_N_COMBINED, _MOST_COMBINATIONS = 5, 150
_N_ROUNDS = 4
_N_AT_A_TIME = 16
# Share of the time that is left which simulating combinations may take.
_SHARE = 0.4


def combined(candidates: Sequence[Sequence[Expression]], loose: Paths, deadline: float) -> list[System]:
    """Systems of shortest description first, one of each form.

    All combinations of the best right-hand sides are simulated, then systems that differ from the best one in
    one component, the most promising first.

    Args:
        candidates: Right-hand sides of each component, the most promising first.
        loose: Pieces of trajectories: from many starting points an error of the first one, or chaos, spoils
            little.
        deadline: Of `time.monotonic`; combining takes no more than its share of the time until then.
    """
    now = time.monotonic()
    tried = _simulated(candidates, loose, now + _SHARE * (deadline - now))
    best: dict[Hashable, System] = {}
    for system in sorted(tried, key=tried.__getitem__):
        best.setdefault(forms(system), system)
    return list(best.values())


def _simulated(
    candidates: Sequence[Sequence[Expression]], loose: Paths, deadline: float
) -> dict[System, float]:
    """Description lengths of systems."""
    tried: dict[System, float] = {}

    def simulate(systems: list[System]) -> None:
        new = [system for system in dict.fromkeys(systems) if system not in tried]
        for first in range(0, len(new), _N_AT_A_TIME):
            if tried and time.monotonic() > deadline:
                return
            batch = new[first : first + _N_AT_A_TIME]
            tried.update(zip(batch, scores(batch, loose).tolist(), strict=True))

    best = [expressions[:_N_COMBINED] for expressions in candidates]
    simulate(list(itertools.islice(itertools.product(*best), _MOST_COMBINATIONS)))
    for _ in range(_N_ROUNDS):
        current = min(tried, key=tried.__getitem__)
        simulate(
            [
                (*current[:place], expression, *current[place + 1 :])
                for alike in itertools.zip_longest(*candidates)
                for place, expression in enumerate(alike)
                if expression is not None
            ]
        )
        if min(tried, key=tried.__getitem__) == current or time.monotonic() > deadline:
            break
    return tried
