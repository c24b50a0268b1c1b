"""The plainest equations that a space allows, for where a search finds none."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import reduce

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.refinement.candidates import Candidate, fitted, scored, within
from nsr.refinement.refine import Effort
from nsr.search.settings import OFFSET
from nsr.task import ROWS, Task

_EFFORT = Effort(restarts=1, points=ROWS, iterations=20)


def plainest(task: Task) -> list[Candidate]:
    """Sums and products of the required variables, or single variables, that a task's space allows.

    Args:
        task: In the user's units.

    Returns:
        With a factor and a constant, with either, and with neither, fitted to the task; and the limits that
        the space's shape states, as constants.
    """
    forms = list(dict.fromkeys(_forms(task)))
    own = [form for form in forms if task.space.allows(form)]
    levels = [] if task.space.shape is None else [constant(level) for level in task.space.shape.levels]
    return within([*fitted(own, task, _EFFORT, Clock()), *scored(levels, task)], task.space)


def _forms(task: Task) -> Iterator[Expression]:
    names = sorted(task.space.required) or range(task.n_variables)
    singles = [variable(i) for i in names]
    bases = [reduce(lambda a, b: apply(name, a, b), singles) for name in ("add", "mul")]
    unary = [apply(name, base) for base in singles for name in task.space.operators.drawn(1)]
    for base in itertools.chain(bases, () if task.space.required else singles, unary):
        factor = apply("mul", constant(1.0 + OFFSET), base)
        yield from (base, factor)
        yield from (apply("add", form, constant(OFFSET)) for form in (base, factor))
