"""Structure of what should stand in an equation's gaps: a search of its own for the part that is not right.

Where an equation is nearly right, one of its parts is often a stand-in for another one: a long function with
several constants of what is really a short one. What should stand there is known from the rest of the
equation (`nsr.search.evolution.semantics`), and as a rule depends on fewer variables than the whole, or on
one group of them, which structure finds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nsr.clock import Clock
from nsr.expressions.expression import Expression, subtree_end
from nsr.refinement.candidates import Candidate, ranked
from nsr.refinement.description import is_round
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.context import Context
from nsr.search.evolution.semantics import Wanted, gaps
from nsr.search.settings import GapsSettings
from nsr.search.structure.stage import COMPONENTS as STRUCTURE
from nsr.task import Task

_Place = tuple[int, int]


class StructureOfGaps:
    """Structure finds the parts of the best equations anew; see `nsr.search.stage.Stage`."""

    components = frozenset({"evolution"})

    def __init__(self, settings: GapsSettings) -> None:
        self.head_start, self.share = -settings.wait, settings.share

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Part after part, those of the best equations first."""
        if not STRUCTURE & context.components:
            return
        tried: set[tuple[Expression, _Place]] = set()
        idle = 0
        while idle < context.settings.evolution.patience and not clock.is_over:
            wanted = _next(context, tried)
            idle = idle + 1 if wanted is None else 0  # another stage may find more
            filled = [] if wanted is None else _filled(wanted, context, clock)
            yield context.polished(filled, "evolution, reduction", clock)


def _next(context: Context, tried: set[tuple[Expression, _Place]]) -> Wanted | None:
    """What is wanted in place of the first part that nobody has looked at."""
    settings = context.settings.gaps
    task = context.task.first(settings.n_rows)
    for candidate in ranked(context.candidates.most_promising(settings.n_equations)):
        form = candidate.expression.skeleton()
        places = _parts(candidate.expression, settings)
        new = [place for place in places if (form, place) not in tried]
        if not new:
            continue
        tried.add((form, new[0]))
        found = gaps(candidate.expression, task.X, task.y)
        errors = task.root_weights * (task.y - found[0].present)
        for gap in found:
            if (gap.start, gap.stop) == new[0] and gap.change == "replaced":
                return Wanted.of(gap, errors, context.settings.parts)
    return None


def _parts(equation: Expression, settings: GapsSettings) -> list[_Place]:
    """Where parts stand that hold constants which were fitted: of the fewest variables first, the largest."""
    tokens = equation.tokens
    spans = [(start, subtree_end(tokens, start)) for start in range(1, len(tokens))]
    parts = {span: Expression(tokens[span[0] : span[1]]) for span in spans}
    worth = [
        span
        for span, part in parts.items()
        if part.complexity >= settings.least_complexity
        and part.variables
        and any(not is_round(part.tokens[place]) for place in part.free_positions)
    ]
    worth.sort(key=lambda span: (len(parts[span].variables), span[0] - span[1], span))
    return worth[: settings.n_parts]


def _filled(wanted: Wanted, context: Context, clock: Clock) -> list[Expression]:
    """The equation with what structure finds for a part in its place."""
    settings, task = context.settings.gaps, context.task
    known = wanted.weights > 0
    if np.ptp(wanted.values[known]) == 0:
        return []
    part = Task(
        task.first(len(known)).X[known],
        wanted.values[known],
        SQUARED_ERROR,
        wanted.weights[known] / float(np.mean(wanted.weights[known])),
        task.space.of_parts,
        task.seed,
        task.n_threads,
    )
    batches = context.search_part(part, STRUCTURE & context.components, clock.within(settings.work))
    found = ranked(candidate for batch in batches for candidate in batch)[: settings.n_best]
    return [wanted.gap.filled(candidate.expression) for candidate in found]
