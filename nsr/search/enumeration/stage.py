"""The stage of the search that tries all small forms.

What is known of a reduced state is often a short function of one or two groups, and of these there are few
enough to try them all (Bartlett, Desmond and Ferreira, "Exhaustive symbolic regression", IEEE Trans. Evol.
Comput. 28, 2024): none is missed because no parent of it was any good. Of the differences that noise leaves
between them, rounded constants and the rest of the table tell more than these few rows.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

from nsr.clock import Clock, Pauses
from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, constant
from nsr.expressions.operators import OPERATORS
from nsr.refinement.alternatives import information
from nsr.refinement.candidates import Candidate
from nsr.refinement.refine import refine
from nsr.refinement.snapping import snap
from nsr.search.context import Context
from nsr.search.enumeration.binned import binned
from nsr.search.enumeration.forms import forms_of_size, has_scale_or_offset
from nsr.search.settings import EnumerationSettings
from nsr.search.state import State
from nsr.task import Task

# Seconds of work to make a form, and to look for round constants of an equation.
_SECONDS_TO_MAKE, _SECONDS_TO_SNAP = 2e-5, 0.01
# Where constants and exponents begin.
_START, _EXPONENT = 1.0, 1.5


class Enumeration:
    """All small forms of states of one or two variables; see `nsr.search.stage.Stage`."""

    components = frozenset({"enumeration"})

    def __init__(self, settings: EnumerationSettings) -> None:
        self.head_start, self.share = -settings.wait, settings.share
        self._settings = settings

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Small sizes before large ones, the states of the fewest variables first."""
        done: set[tuple[object, range]] = set()
        idle = 0
        while context.root.n_rows >= self._settings.least_rows and idle < self._settings.patience:
            turn = self._next(context, done)
            if turn is None:
                idle += 1
                yield []
                continue
            idle = 0
            state, sizes = turn
            done.add((state.key, sizes))
            yield from _Tried(context, state, self._settings, clock).of_sizes(sizes)

    def _next(self, context: Context, done: set[tuple[object, range]]) -> tuple[State, range] | None:
        """The state, and the sizes, that come next."""
        settings = self._settings
        most = settings.worse * context.root.error
        states = {state.key: state for state in (context.root, *context.states)}.values()
        small = [s for s in states if 0 < s.n_variables <= len(settings.largest) and s.error <= most]
        small = sorted(small, key=lambda s: (s.n_variables, s.error))[: settings.n_states]
        turns = [
            (state, sizes)
            for state in small
            for sizes in settings.sizes(state.n_variables)
            if (state.key, sizes) not in done
        ]
        return min(turns, key=lambda turn: (turn[0].n_variables, turn[1].start), default=None)


class _Tried:
    """Forms tried on one state.

    Args:
        context: The search.
        state: Of few variables.
        settings: How many forms are looked at more closely.
        clock: When it ends.
    """

    def __init__(self, context: Context, state: State, settings: EnumerationSettings, clock: Clock) -> None:
        self._context, self._state, self._settings, self._clock = context, state, settings, clock
        self._few, self._within = _in_few_rows(state, settings.n_points)
        self._best: list[tuple[float, int, Expression]] = []
        self._number = count()

    def of_sizes(self, sizes: range) -> Iterator[list[Candidate]]:
        """The likeliest for their number of constants, as equations of the table."""
        functions, n_variables = _functions(self._state), self._state.n_variables
        forms = [form for size in sizes for form in forms_of_size(n_variables, size, functions)]
        self._clock.spend(_SECONDS_TO_MAKE * len(forms))
        pauses = Pauses(self._clock)
        wanted = [form for form in forms if form.variables and not has_scale_or_offset(form)]
        for first in range(0, len(wanted), self._settings.at_once):
            if self._clock.is_over:
                break
            self._try(wanted[first : first + self._settings.at_once])
            if pauses.is_due:
                yield []
        self._context.candidates.n_seen += 2 * len(wanted)
        yield self._found()

    def _try(self, forms: Sequence[Expression]) -> None:
        """Keeps the likeliest, without an offset and with one, which leads some constants astray."""
        scaled = [apply("mul", constant(1.0), _begun(form)) for form in forms]
        self._fit([*scaled, *(apply("add", constant(1.0), one) for one in scaled)])

    def _fit(self, expressions: Sequence[Expression]) -> None:
        program = Program(expressions)
        refined = refine(program, self._few, self._settings.tried, self._clock)
        n_constants = np.array([len(one.free_positions) for one in expressions])
        with np.errstate(divide="ignore"):
            left = np.log2(refined.loss + self._within)
        bits = self._state.n_rows / 2 * left + n_constants / math.log(2)
        worst = -self._best[0][0] if len(self._best) == self._settings.n_polished else math.inf
        usable = np.flatnonzero(bits < worst).tolist()
        fitted = program.expressions_with(refined.constants)
        for i in usable:
            heapq.heappush(self._best, (-float(bits[i]), next(self._number), fitted[i]))
        while len(self._best) > self._settings.n_polished:
            heapq.heappop(self._best)

    def _found(self) -> list[Candidate]:
        lifted = [self._state.lift(expression) for _, _, expression in sorted(self._best, reverse=True)]
        self._best.clear()
        is_reduced = self._state is not self._context.root
        stage = "reduction, enumeration" if is_reduced else "enumeration"
        found = self._context.polished(lifted, stage, self._clock)
        return [*found, *self._with_round_constants(found)]

    def _with_round_constants(self, found: Sequence[Candidate]) -> list[Candidate]:
        """The likeliest of them with round constants, which noise does not tell from those of others."""
        task = self._context.task
        likeliest = sorted(found, key=lambda c: information(c, task))[: self._settings.n_snapped]
        self._clock.spend(_SECONDS_TO_SNAP * len(likeliest))
        snapped = (snap(one, task, self._clock) for one in likeliest)
        return [one for one in snapped if one is not None]


def _in_few_rows(state: State, n_points: int) -> tuple[Task, float]:
    """The task that forms are tried on, and the mean square that is left whatever they say."""
    if state.n_rows <= n_points:
        return state, 0.0
    return binned(state, n_points) if state.n_variables == 1 else (state.first(n_points), 0.0)


def _functions(state: State) -> tuple[str, ...]:
    """Functions of one argument that the state's equations may have."""
    return tuple(
        o.name
        for o in OPERATORS.values()
        if o.arity == 1 and o.frequency > 0 and o.name != "abs" and state.space.operators.has(o.name)
    )


def _begun(form: Expression) -> Expression:
    """A form with constants to begin with."""
    exponents = set(form.exponent_positions())
    tokens = tuple(
        (_EXPONENT if place in exponents else _START) if token == PLACEHOLDER else token
        for place, token in enumerate(form.tokens)
    )
    return Expression(tokens)
