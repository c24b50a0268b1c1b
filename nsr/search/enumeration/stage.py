"""The stage of the search that tries all small forms.

What is left of a table is often a short function of one group, and of these there are few enough to try them
all (Bartlett, Desmond and Ferreira, "Exhaustive symbolic regression", IEEE Trans. Evol. Comput. 28, 2024), so
that none is missed because no parent of it was any good. Within noise hundreds are as likely as each other,
and it is those with round inner constants that are worth a look.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nsr.clock import Clock, Pauses
from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, constant
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate
from nsr.refinement.description import description_length
from nsr.refinement.refine import refine
from nsr.refinement.snapping import all_snapped
from nsr.search.context import Context
from nsr.search.enumeration.binned import binned
from nsr.search.enumeration.forms import forms_of_size, has_scale_or_offset
from nsr.search.enumeration.rounded import with_round_constants
from nsr.search.enumeration_settings import EnumerationSettings
from nsr.search.state import State
from nsr.task import Task

_Problem = tuple[frozenset[Expression], Expression | None]

# Seconds of work to make a form.
_SECONDS_TO_MAKE = 2e-5
# Where constants and exponents begin.
_START, _EXPONENT = 1.0, 1.5


class Enumeration:
    """All small forms of states of one variable; see `nsr.search.stage.Stage`."""

    components = frozenset({"enumeration"})

    def __init__(self, settings: EnumerationSettings) -> None:
        self.head_start, self.share = -settings.wait, settings.share
        self._settings = settings

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Small sizes before large ones."""
        done: set[tuple[_Problem, range]] = set()
        idle = 0
        while context.root.n_rows >= self._settings.least_rows and idle < self._settings.patience:
            turn = self._next(context, done)
            if turn is None:
                idle += 1
                yield []
                continue
            idle = 0
            problem, state, sizes = turn
            done.add((problem, sizes))
            yield from _Tried(context, state, self._settings, clock).of_sizes(sizes)

    def _next(
        self, context: Context, done: set[tuple[_Problem, range]]
    ) -> tuple[_Problem, State, range] | None:
        """The problem, a state that has it, and the sizes that come next."""
        settings = self._settings
        most = settings.worse * context.root.error
        single = [s for s in (context.root, *context.states) if s.n_variables == 1 and s.error <= most]
        problems: dict[_Problem, State] = {}
        for state in sorted(single, key=lambda s: s.error):
            problems.setdefault(_problem(state), state)
        begun = {problem for problem, _ in done}
        for sizes in settings.sizes:
            for problem, state in problems.items():
                is_new = problem not in begun and len(begun) >= settings.n_states
                if (problem, sizes) not in done and not is_new:
                    return problem, state, sizes
        return None


def _problem(state: State) -> _Problem:
    """The same for states that are the same problem in other words."""
    return frozenset(map(simplify, state.variables)), state.factor and simplify(state.factor)


class _Likely(NamedTuple):
    """A fitted form, with the bits of what it leaves and of its constants."""

    bits: float
    expression: Expression
    n_outer: int
    loss: float


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
        self._few, self._within = _in_few_rows(state, settings)
        self._best: list[_Likely] = []

    def of_sizes(self, sizes: range) -> Iterator[list[Candidate]]:
        """The likeliest for their number of constants, as equations of the table."""
        functions = _functions(self._state)
        forms = [form for size in sizes for form in forms_of_size(1, size, functions)]
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
        for n_outer, own in ((1, scaled), (2, [apply("add", constant(1.0), one) for one in scaled])):
            self._fit(own, n_outer)

    def _fit(self, expressions: Sequence[Expression], n_outer: int) -> None:
        program = Program(expressions)
        refined = refine(program, self._few, self._settings.tried, self._clock)
        n_constants = np.array([len(one.free_positions) for one in expressions])
        with np.errstate(divide="ignore"):
            left = np.log2(refined.loss + self._within)
        bits = self._state.n_rows / 2 * left + n_constants / math.log(2)
        n_kept = self._settings.n_likely
        worst = self._best[-1].bits if len(self._best) == n_kept else math.inf
        fitted = program.expressions_with(refined.constants)
        new = [
            _Likely(float(bits[i]), fitted[i], n_outer, float(refined.loss[i]))
            for i in np.flatnonzero(bits < worst)[::-1].tolist()
        ]
        self._best = heapq.nsmallest(n_kept, (*new, *self._best), key=lambda one: one.bits)

    def _found(self) -> list[Candidate]:
        """The likeliest, and those of shortest description, of which the best are given round constants."""
        is_reduced = self._state is not self._context.root
        stage = "reduction, enumeration" if is_reduced else "enumeration"
        lifted = [self._state.lift(expression) for expression in self._shortest()]
        found = self._context.polished(lifted, stage, self._clock, self._settings.polished)
        # With the round ones among their constants, as fitted to all rows, a few of which would move them.
        own = self._context.as_they_are(lifted[: self._settings.n_snapped], stage)
        return [*found, *own, *all_snapped(own, self._context.task, self._clock)]

    def _shortest(self) -> list[Expression]:
        """With round inner constants or as they are, those of shortest description first."""
        likely, self._best = self._best, []
        own = [(one.expression, one.loss) for one in likely]
        forms, n_outer = [one.expression for one in likely], [one.n_outer for one in likely]
        rounded = with_round_constants(forms, n_outer, self._few, self._settings.tried, self._clock)
        shortest = sorted((*own, *rounded), key=lambda one: self._bits(*one))[: self._settings.n_polished]
        likeliest = own[: self._settings.n_likeliest]
        return list(dict.fromkeys(expression for expression, _ in (*shortest, *likeliest)))

    def _bits(self, expression: Expression, loss: float) -> float:
        return description_length(expression, loss + self._within, self._state)


def _in_few_rows(state: State, settings: EnumerationSettings) -> tuple[Task, float]:
    """The task that forms are tried on, and the mean square that is left whatever they say."""
    if state.n_rows < settings.rows_a_bin * settings.n_bins:
        return state, 0.0
    return binned(state, settings.n_bins)


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
