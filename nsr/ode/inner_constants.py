"""Terms with inner constants that the observations suggest: waves of the time, and saturations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.ode.scanning import Family, Scan
from nsr.ode.weak_form import WeakForm

Array = NDArray[np.float64]

# Frequencies looked at, for each half turn that the whole time allows, and at most; those kept.
_A_HALF_TURN, _MOST_FREQUENCIES, _N_FREQUENCIES = 2, 600, 2
# Half-saturations looked at, in units of a state's median size.
_HALVES = np.geomspace(0.05, 20.0, 25)


def waves_of_time(
    weak: WeakForm,
    component: int,
    others: Sequence[Expression],
    time: int,
    clock: Clock,
    factors: Sequence[Expression] = (),
) -> list[Expression]:
    """Sines and cosines of the time that leave least of a component together with other terms.

    Args:
        weak: The observations.
        component: Whose left-hand side is to be explained.
        others: Terms of a sum that may stand beside the wave.
        time: The variable that is the time.
        clock: Is told of the work.
        factors: What they are multiplied by, too, which makes terms of their own.
    """
    times = np.unique(weak.values_of(time))
    step = np.pi / (_A_HALF_TURN * float(np.ptp(times)))
    n = min(_MOST_FREQUENCIES, _A_HALF_TURN * len(times))
    grid = np.linspace(step, n * step, n)
    family = partial(_wave, variable(time), factors)
    waves: list[Expression] = []
    found: list[float] = []
    for _ in range(_N_FREQUENCIES):
        scan = Scan(weak, component, [*others, *waves], clock)
        frequency = None if scan.is_exact else scan.best(family, grid)
        # What is nearer than the whole time can tell is the same wave.
        if frequency is None or any(abs(frequency - other) < _A_HALF_TURN * step for other in found):
            break
        found.append(frequency)
        waves += family(frequency)
    return waves


def saturations(
    weak: WeakForm,
    component: int,
    others: Sequence[Expression],
    places: Sequence[int],
    clock: Clock,
    within: Callable[[Expression], Expression] = lambda term: term,
) -> list[Expression]:
    """Fractions as in enzyme kinetics, predation and gene regulation, each with the best half-saturation.

    Args:
        weak: The observations.
        component: Whose left-hand side is to be explained.
        others: Terms of a sum that may stand beside them.
        places: Variables that they are made of.
        clock: Is told of the work.
        within: What they stand in.
    """
    scan, terms = Scan(weak, component, others, clock), list[Expression]()
    for place in () if scan.is_exact else places:
        values = weak.values_of(place)
        size = float(np.median(np.abs(values)))
        if not size > 0:
            continue
        for family in _saturations(place, places, float(values.min()) >= 0):
            inside = partial(_inside, within, family)
            half = scan.best(inside, np.asarray(size * _HALVES))
            terms += [] if half is None else inside(half)
    return terms


def _wave(time: Expression, factors: Sequence[Expression], frequency: float) -> list[Expression]:
    angle = apply("mul", constant(frequency), time)
    waves = [apply("sin", angle), apply("cos", angle)]
    return waves + [apply("mul", factor, wave) for factor in factors for wave in waves]


def _inside(within: Callable[[Expression], Expression], family: Family, value: float) -> list[Expression]:
    return [within(term) for term in family(value)]


def _saturations(place: int, places: Sequence[int], is_positive: bool) -> list[Family]:
    """1/(K + x) and x/(K + x), the same of squares, and times each other variable."""
    state = variable(place)
    factors = [None, *(variable(other) for other in places if other != place)]
    powers = [state, apply("square", state)] if is_positive else [apply("square", state)]
    return [
        partial(_fraction, power, factor, is_rising, power is not state)
        for power in powers
        for factor in factors
        for is_rising in (False, True)
    ]


def _fraction(
    power: Expression, factor: Expression | None, is_rising: bool, is_square: bool, half: float
) -> list[Expression]:
    below = apply("add", constant(half * half if is_square else half), power)
    above = [part for part in (factor, power if is_rising else None) if part is not None]
    if not above:
        return [apply("inv", below)]
    return [apply("div", above[0] if len(above) == 1 else apply("mul", *above), below)]
