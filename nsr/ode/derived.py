"""Which equations follow from the others where sums of states stay constant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.monomials import polynomials
from nsr.ode.conserved import Conserved
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import sparse_fits, weak_bits

# Degree of the sparse sums that say how hard an equation is to find.
_DEGREE = 2


def choose_derived(task: OdeTask, weights: NDArray[np.float64]) -> Conserved:
    """The states whose equations are left to follow from the others: those that are hardest to find.

    A state that has all flows has the longest equation, and as that follows from the others each flow has one
    constant; of S, I and R that is I. Sparse sums say which state it is.

    Args:
        task: What was observed.
        weights: Of the sums, shape (Q, D).

    Raises:
        ValueError: If there is no choice of states that move and of which nothing is known.
    """
    own = np.where(task.moves, weights, 0.0)
    may_follow = [state for state in np.flatnonzero(task.moves).tolist() if state not in task.known]
    choices = list(Conserved.choices(own, task.motion, may_follow))
    if not choices:
        raise ValueError(
            "no equation is left that could follow from conserved: of each sum a state must move, and have "
            "an equation of which known says nothing"
        )
    bits = {state: _fewest_bits(task, state) for state in may_follow}
    return max(choices, key=lambda choice: sum(bits[state] for state in choice.derived))


def _fewest_bits(task: OdeTask, state: int) -> float:
    """The shortest description of a state's equation by a sparse sum."""
    weak = task.weak_forms[len(task.weak_forms) // 2]
    library = polynomials(task.n_variables, _DEGREE)
    table = weak.integrals(Program(list(library)))
    fits = sparse_fits(table.T, weak.target[:, state], library, task.settings)
    return min(weak_bits(fit, weak, task.settings) for fit in fits)
