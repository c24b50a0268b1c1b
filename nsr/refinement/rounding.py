"""Equations with round constants, in plain words."""

from __future__ import annotations

from dataclasses import replace

from nsr.clock import Clock
from nsr.expressions.rewriting import tidied
from nsr.refinement.candidates import Candidate, as_found_by, scored
from nsr.refinement.snapping import snap
from nsr.task import Task

# What an exponent is written as; where it is 1, there is none of these.
_POWERS = {"pow", "square", "cube", "sqrt"}


def rounded(candidate: Candidate, task: Task, clock: Clock = Clock()) -> Candidate | None:
    """The candidate with as many round constants as the data allow, written as short as that makes it.

    What a curve is where one of its exponents is 1, as Hill's is Michaelis and Menten's, has not its name.

    Args:
        candidate: A refined candidate.
        task: What it explains.
        clock: Once it is over no further constant is tried.

    Returns:
        The shorter form, or None where no constant may be round.
    """
    snapped = snap(candidate, task, clock)
    if snapped is None:
        return None
    # Tidied, (x/y)**12 is a ratio of powers, and longer than with a constant that is not round.
    forms = scored([tidied(snapped.expression), snapped.expression], task)
    best = min(forms, key=lambda one: one.bits)
    own = candidate if _n_powers(best) >= _n_powers(candidate) else replace(candidate, name="")
    return as_found_by([own], [best], task)[0]


def _n_powers(candidate: Candidate) -> int:
    return sum(token in _POWERS for token in candidate.expression.tokens)
