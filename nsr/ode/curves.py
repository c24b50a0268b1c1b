"""Functions of states with inner constants that may be terms of a sum, each with the constants to try."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.parsing import parse

Array = NDArray[np.float64]

# In units of a state's median size: half-saturations, and what an exponential falls by a factor of e in.
_HALVES, _FALLS = np.geomspace(0.05, 20.0, 32), np.geomspace(0.1, 10.0, 24)
# The same of two constants that are tried together.
_COARSE = np.geomspace(0.1, 10.0, 9)
# Steepness of sigmoids in units of one over a state's deviation, and quantiles that they are centred at.
_STEEPNESS, _CENTRES = np.geomspace(0.3, 12.0, 15), (0.1, 0.3, 0.5, 0.7, 0.9)
# Directions of sigmoids of two states.
_N_ANGLES = 12
# Turns of a wave within a state's range.
_TURNS = np.geomspace(0.1, 4.0, 30)
# States up to which curves of two of them are tried.
_FEW = 4
# Exponents in steps that least squares gets over.
_EXPONENTS = np.array([-2.6, -1.7, -1.2, -0.7, -0.3, 0.3, 0.7, 1.2, 1.7, 2.6])


@dataclass(frozen=True)
class Curve:
    """A function of states.

    Attributes:
        shape: The function, with any constants.
        constants: Values of these to try, in the order in which the function has them, shape (G, K).
    """

    shape: Expression
    constants: Array


def curves_of(values: Array) -> list[Curve]:
    """Curves of one state, and, of few states, these times a state and curves of two.

    Args:
        values: What was observed of the states, which says what constants matter, shape (N, D).
    """
    n, found = values.shape[1], list[Curve]()
    for place in range(n):
        others = [other for other in range(n) if other != place]
        for text, constants, with_own in _of_one(values[:, place]):
            curve = Curve(_shape(text, (place,)), np.atleast_2d(constants.T).T)
            found.append(curve)
            found += [
                Curve(apply("mul", variable(factor), curve.shape), curve.constants)
                for factor in ([place] if with_own else []) + (others if n <= _FEW else [])
            ]
    if n == 1 and values.min() >= 0:  # what hinders itself, as substrates do; of more, `_of_two` has it
        size = float(np.median(values)) or 1.0
        pairs = np.array([(a * size, b / size) for a in _COARSE for b in _COARSE])
        found.append(Curve(_shape("x_0/(0.7 + x_0 + 0.7*x_0**2)", (0,)), pairs))
    for pair in itertools.permutations(range(n), 2) if n <= _FEW else ():
        found += [
            Curve(_shape(text, pair), np.atleast_2d(constants))
            for text, constants in _of_two(values[:, pair], pair[0] < pair[1])
        ]
    return found


def _of_one(values: Array) -> Iterator[tuple[str, Array, bool]]:
    """Curves of x_0, their constants, and whether they may be multiplied by the state itself, too."""
    size = float(np.median(np.abs(values))) or 1.0
    spread = float(np.std(values)) or 1.0
    for n in (1, 2, 3, 4) if values.min() >= 0 else (2, 4):
        halves = (size * _HALVES) ** n
        term = "x_0" if n == 1 else f"x_0**{n}"
        yield f"{term}/(0.7 + {term})", halves, False
        yield f"(0.7 + {term})**(-1)", halves, False
    yield "x_0/(0.7 + x_0**2)", (size * _HALVES) ** 2, False
    rates = np.concatenate((-_FALLS[::-1], _FALLS)) / size
    yield "exp(0.7*x_0)", rates, True
    steepness = _STEEPNESS / spread
    yield "tanh(0.7*x_0)", steepness, True
    centres = np.quantile(values, _CENTRES)
    sigmoids = np.array([(k, -k * centre) for k in steepness[::2] for centre in centres])
    yield "tanh(0.7*x_0 + 0.7)", sigmoids, False
    frequencies = 2 * np.pi * _TURNS / (float(np.ptp(values)) or 1.0)
    yield "sin(0.7*x_0)", frequencies, False
    yield "cos(0.7*x_0)", frequencies, False
    none = np.empty((1, 0))
    if values.min() > 0:
        yield "exp(-0.7/x_0)", -size * _FALLS, False
        yield "log(x_0)", none, True
        yield "x_0**0.7", _EXPONENTS, False
        for exponent in ("(-3)", "(-2)", "(-1)", "(-0.5)", repr(1 / 3), "0.5", repr(2 / 3), "1.5", "3"):
            yield f"x_0**{exponent}", none, False
    elif values.min() >= 0:
        yield "sqrt(x_0)", none, False
        yield "x_0**1.5", none, False
        yield "x_0**3", none, False
    else:
        yield "x_0**3", none, False


def _of_two(values: Array, is_first: bool) -> Iterator[tuple[str, Array]]:
    """Curves of x_0 and x_1, and their constants."""
    first, second = (float(size) or 1.0 for size in np.median(np.abs(values), axis=0))
    if values.min() >= 0:
        pairs = np.array([(a * first, b * first / second) for a in _COARSE for b in _COARSE])
        yield "x_0/(0.7 + x_0 + 0.7*x_1)", pairs
        pairs = np.array([(a * first, b / first) for a in _COARSE for b in _COARSE])
        yield "x_1*x_0/(0.7 + x_0 + 0.7*x_0**2)", pairs
        if is_first:  # predators that hinder each other
            pairs = np.array([(a * first, b * first / second) for a in _COARSE for b in _COARSE])
            yield "x_0*x_1/(0.7 + x_0 + 0.7*x_1)", pairs
    if values.min() > 0:  # what depends on shares
        if is_first:
            yield "x_0*x_1/(x_0 + 0.7*x_1)", (first / second * _HALVES)[:, None]
        yield "x_0/x_1", np.empty((1, 0))
        yield "x_0**2/x_1", np.empty((1, 0))
    none = np.empty((1, 0))
    yield "x_0*(x_0**2 + x_1**2)**(-0.5)", none
    yield "x_0*(x_0**2 + x_1**2)**(-1.5)", none
    if is_first:
        yield "tanh(0.7*x_0 + 0.7*x_1 + 0.7)", _planes(values)


def _planes(values: Array) -> Array:
    """Slopes by two states and offsets of sigmoids, shape (G, 3)."""
    spread = np.where(np.std(values, axis=0) > 0, np.std(values, axis=0), 1.0)
    angles = np.arange(_N_ANGLES) * np.pi / _N_ANGLES
    rows = []
    for slopes in np.column_stack((np.cos(angles), np.sin(angles))) / spread:
        along = values @ slopes
        for k in _STEEPNESS[2::4]:
            rows += [(*(k * slopes), -k * centre) for centre in np.quantile(along, _CENTRES[::2])]
    return np.array(rows)


@cache
def _parsed(text: str) -> Expression:
    return parse(text)


def _shape(text: str, places: Sequence[int]) -> Expression:
    return _parsed(text).substitute(dict(enumerate(map(variable, places))))
