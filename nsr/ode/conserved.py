"""Weighted sums of states that stay constant, such as S + I + R, and systems that keep them.

Where sum_i w_i x_i is constant, sum_i w_i f_i = 0. So as many right-hand sides as there are such sums follow
from the others, which alone are looked for: the derived ones are written with the constants of these.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.ode.motion import Motion, System, all_constants, with_all_constants
from nsr.ode.ties import Tie, ties, with_ties

Array = NDArray[np.float64]

# Random points at which it is seen whether a text is a weighted sum, and what counts as no difference.
_N_POINTS, _SAME = 16, 1e-9


@dataclass(frozen=True, eq=False)
class Conserved:
    """Sums that stay constant, and the states whose equations follow from them.

    Attributes:
        weights: Of the states in each sum, shape (Q, D).
        derived: Places of Q states.
        motion: What the equations say.
    """

    weights: Array
    derived: tuple[int, ...]
    motion: Motion

    @classmethod
    def choices(cls, weights: Array, motion: Motion, may_follow: Sequence[int]) -> Iterator[Conserved]:
        """All ways to choose the derived states among some, the last states first."""
        for derived in itertools.combinations(sorted(may_follow, reverse=True), len(weights)):
            if np.linalg.matrix_rank(weights[:, derived]) == len(weights):
                yield cls(weights, derived, motion)

    def completed(self, system: System) -> System:
        """A system whose derived components are what the others make them, whatever they are in it."""
        rest = [place for place in range(len(system)) if place not in self.derived]
        whole = list(system)
        for derived, row in zip(self.derived, self._shares(rest), strict=True):
            whole[derived] = self._follows(derived, row, rest, system)
        return tuple(whole)

    def left_open(self, system: System) -> System:
        """A system without its derived components; what stands in their place is not looked at."""
        return tuple(variable(place) if place in self.derived else one for place, one in enumerate(system))

    def ties(self, system: System) -> list[Tie]:
        """Constants of a system that are those of others, as their terms cancel in a derived component."""
        return ties(system, self._all_shares(len(system)))

    def with_ties(self, system: System) -> System | None:
        """A system in which like terms that nearly cancel do; None where there are no further ones."""
        return with_ties(system, self._all_shares(len(system)))

    def described(self, system: System) -> System:
        """What of a system is to be written down: all components, and no constant twice."""
        values = all_constants(system)
        values[[tie.tied for tie in self.ties(system)]] = 1.0
        whole, told = self.completed(system), list(with_all_constants(system, values))
        for place in self.derived:
            shape = simplify(whole[place])
            told[place] = shape.with_constants([1.0] * len(shape.constants))
        return tuple(told)

    def sources(self, system: System) -> tuple[NDArray[np.int64], Array]:
        """Where the constants of `completed` come from.

        Returns:
            The place of each among the K constants of the system as it is given, or K and more for one of
            the numbers; and these numbers, which are no constants of the system.
        """
        counts = [len(component.constants) for component in system]
        first = np.cumsum([0, *counts])
        rest = [place for place in range(len(system)) if place not in self.derived]
        shares = dict(zip(self.derived, self._shares(rest), strict=True))
        places: list[int] = []
        numbers: list[float] = []
        for state in range(len(system)):
            if state not in shares:
                places += range(first[state], first[state + 1])
                continue
            terms = self._terms(state, shares[state], rest)
            for term in terms:
                if not term.has_unit_weight:
                    places.append(int(first[-1]) + len(numbers))
                    numbers.append(abs(term.weight))
                if not term.is_state:
                    places += range(first[term.place], first[term.place + 1])
            if not terms:
                places.append(int(first[-1]) + len(numbers))
                numbers.append(0.0)
        return np.array(places, dtype=np.int64), np.array(numbers)

    def _shares(self, rest: Sequence[int]) -> Array:
        """How much of the other right-hand sides each derived one is, shape (Q, D - Q)."""
        found = -np.linalg.solve(self.weights[:, self.derived], self.weights[:, rest])
        return np.asarray(np.where(np.abs(found) < _SAME, 0.0, found))

    def _all_shares(self, n_states: int) -> Array:
        """`_shares` with zeros for what is derived, shape (Q, D)."""
        rest = [place for place in range(n_states) if place not in self.derived]
        found = np.zeros((len(self.derived), n_states))
        found[:, rest] = self._shares(rest)
        return found

    def _terms(self, derived: int, row: Array, rest: Sequence[int]) -> list[_Term]:
        """What a derived right-hand side is the sum of, in the order in which it is written."""
        shares = [(other, share) for other, share in zip(rest, row.tolist(), strict=True) if share]
        terms = [_Term(other, share) for other, share in shares]
        if self.motion.is_discrete:  # what the sum is, in the states themselves
            held = [(derived, 1.0), *((other, -share) for other, share in shares)]
            terms += [_Term(place, weight, is_state=True) for place, weight in held]
        return terms

    def _follows(self, derived: int, row: Array, rest: Sequence[int], system: System) -> Expression:
        """A derived right-hand side."""
        written = [term.written(system) for term in self._terms(derived, row, rest)]
        return reduce(lambda a, b: apply("add", a, b), written or [constant(0.0)])


@dataclass(frozen=True)
class _Term:
    """A term of a derived right-hand side.

    Attributes:
        place: Of the component that it has, or of the state.
        weight: What that is multiplied by.
        is_state: Whether it is the state itself, as in maps.
    """

    place: int
    weight: float
    is_state: bool = False

    @property
    def has_unit_weight(self) -> bool:
        """Whether no number is written in front of it."""
        return abs(self.weight) == 1.0

    def written(self, system: System) -> Expression:
        """The term, with the number before the constants of the component."""
        whole = variable(self.place) if self.is_state else system[self.place]
        sized = whole if self.has_unit_weight else apply("mul", constant(abs(self.weight)), whole)
        return sized if self.weight > 0 else apply("neg", sized)


def read_conserved(texts: Sequence[str], names: Names, n_states: int) -> Array:
    """The weights of sums of states that are said to stay constant, shape (Q, D).

    Args:
        texts: Such as `S + I + R` or `2*A + B`.
        names: Of the variables, the states' first.
        n_states: D.

    Raises:
        ValueError: If a text is no weighted sum of states, or says nothing that the others do not.
    """
    found: list[Array] = []
    states = names.identifiers[:n_states]
    for text in texts:
        own = _weights(text, states)
        if np.linalg.matrix_rank(np.array([*found, own])) <= len(found):
            raise ValueError(f"conserved {text!r} follows from the sums before it: leave it out")
        found.append(own)
    if len(found) >= n_states:
        raise ValueError(
            f"{n_states} states of which {len(found)} sums stay constant do not move: leave a sum out of "
            "conserved"
        )
    return np.array(found).reshape(len(found), n_states)


def written_sum(weights: Array, states: Sequence[str]) -> str:
    """A sum as text, such as `S + 2*I`."""
    parts = [
        (share, name if abs(share) == 1 else f"{abs(share):g}*{name}")
        for share, name in zip(weights.tolist(), states, strict=False)
        if share
    ]
    first, *rest = [("-" if share < 0 else "+", text) for share, text in parts]
    return ("-" if first[0] == "-" else "") + first[1] + "".join(f" {sign} {text}" for sign, text in rest)


def _weights(text: str, states: Sequence[str]) -> Array:
    if "=" in text:
        raise ValueError(f"conserved {text!r}: write the sum alone, such as {' + '.join(states)!r}")
    try:
        expression = parse(text, list(states))
    except ValueError as error:
        raise ValueError(f"conserved {text!r}: {error}; it must be a weighted sum of states") from None
    n = len(states)
    points = np.random.default_rng(0).uniform(0.5, 2.0, (_N_POINTS, n))
    with np.errstate(all="ignore"):
        at = Program([expression]).values(np.concatenate((np.zeros((1, n)), np.eye(n), points)))[0]
        weights = np.asarray(at[1 : n + 1] - at[0], dtype=np.float64)
        is_sum = bool(np.all(np.abs(at[0] + points @ weights - at[n + 1 :]) < _SAME * np.abs(at).max()))
    if not is_sum:
        raise ValueError(
            f"conserved {text!r} is no weighted sum of states, such as {' + '.join(states)!r} or "
            f"'2*{states[0]} + {states[-1]}': leave it out, and look at it along simulations of what is found"
        )
    weights = np.where(np.abs(weights) < _SAME, 0.0, weights)
    if np.count_nonzero(weights) < 2:
        raise ValueError(
            f"conserved {text!r}: a sum of two states or more is needed; leave out a state that never moves"
        )
    return weights
