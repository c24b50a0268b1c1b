"""Starting points of curves: what the data suggest where they do, a coarse grid where they do not.

A rule takes a variable and a target, and gives the values, one tuple for each start, of the constants that
begin together. Least squares solves the other constants, so that only rates, scales and positions have rules.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.search.curves.table import Curve
from nsr.search.curves.waves import damped_waves, frequencies, waves

Array = NDArray[np.float64]
Starts = list[tuple[float, ...]]

_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Features:
    """What can be seen of a target over a variable.

    Attributes:
        x: The variable, ascending, shape (P,).
        y: The target in that order, shape (P,).
    """

    x: Array
    y: Array

    @classmethod
    def of(cls, x: Array, y: Array) -> Features:
        """Features of rows in any order."""
        order = np.argsort(x, kind="stable")
        return cls(x[order], y[order])

    @property
    def low(self) -> float:
        """Smallest value of the variable."""
        return float(self.x[0])

    @property
    def high(self) -> float:
        """Largest value of the variable."""
        return float(self.x[-1])

    @property
    def span(self) -> float:
        """What lies between these."""
        return max(self.high - self.low, _TINY)

    @cached_property
    def smooth(self) -> Array:
        """The target averaged over neighbours, shape (P,)."""
        width = max(1, len(self.y) // 40)
        kernel = np.ones(2 * width + 1)
        return np.asarray(
            np.convolve(self.y, kernel, "same") / np.convolve(np.ones_like(self.y), kernel, "same")
        )

    @cached_property
    def midway(self) -> float:
        """Where the target is first midway between its ends."""
        ends = self.smooth[0], self.smooth[-1]
        beyond = (self.smooth > sum(ends) / 2) != (ends[0] > sum(ends) / 2)
        return float(self.x[int(np.argmax(beyond))])

    @cached_property
    def positive(self) -> Array:
        """The positive values of the variable; ones where there are none."""
        chosen = self.x[self.x > 0]
        return chosen if len(chosen) else np.ones(1)

    @cached_property
    def peaks(self) -> list[tuple[float, float]]:
        """Position and width of the largest extremes: half widths at half maximum, from the extremes out."""
        rest = self.smooth - np.median(self.smooth)
        found = []
        for _ in range(4):
            top = int(np.argmax(np.abs(rest)))
            low_side = np.abs(rest) < abs(rest[top]) / 2
            left = np.flatnonzero(low_side[:top])
            right = np.flatnonzero(low_side[top:])
            first = int(left[-1]) if len(left) else 0
            last = top + int(right[0]) if len(right) else len(rest) - 1
            width = max(float(self.x[last] - self.x[first]) / 2, self.span / len(self.x))
            found.append((float(self.x[top]), width))
            rest = rest.copy()
            rest[first : last + 1] = 0.0
        return found


def _exponents(_: Features) -> Starts:
    return [(sign * size,) for size in (0.27, 0.6, 1.2, 2.3, 4.1) for sign in (1.0, -1.0)]


def _steepness(_: Features) -> Starts:
    return [(size,) for size in (0.4, 0.8, 1.3, 2.2, 4.1, 8.3)]


def _rates(data: Features) -> Starts:
    return [(sign * rate,) for (rate,) in _decays(data) for sign in (1.0, -1.0)]


def _decays(data: Features) -> Starts:
    known = 1 / max(data.midway - data.low, data.span / len(data.x))
    return [(rate,) for rate in (*np.geomspace(0.3, 100.0, 8) / data.span, known)]


def _slopes(data: Features) -> Starts:
    return [(sign * rate,) for rate in np.geomspace(2.0, 100.0, 6) / data.span for sign in (1.0, -1.0)]


def _inside(data: Features) -> Starts:
    places = np.linspace(data.low, data.high, 8)[1:-1]
    return [(place,) for place in (data.midway, *places)]


def _before(data: Features) -> Starts:
    return [(data.low + share * data.span,) for share in (0.0, -0.1, -0.3, -1.0)]


def _scales(data: Features) -> Starts:
    """Positive places: within the variable's decades, and one beyond each end."""
    low, high = float(data.positive[0]), float(data.positive[-1])
    middle = [data.midway] if data.midway > 0 else []
    return [(place,) for place in (*middle, *np.geomspace(low, high, 6), high * 4, high * 30)]


def _few_scales(data: Features) -> Starts:
    low, high = float(data.positive[0]), float(data.positive[-1])
    return [(place,) for place in (np.sqrt(low * high), high, high * 8)]


def _few_inverses(data: Features) -> Starts:
    return [(1 / place,) for (place,) in _few_scales(data)]


def _inverses(data: Features) -> Starts:
    return [(1 / place,) for (place,) in _scales(data)]


def _squares(data: Features) -> Starts:
    return [(place**2,) for (place,) in _scales(data)]


def _shifts(data: Features) -> Starts:
    """What makes all values positive when it is added."""
    return [(share * data.span - data.low,) for share in (1e-3, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)]


def _beyond(data: Features) -> Starts:
    return [(data.high + share * data.span,) for share in (1e-3, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)]


def _above(data: Features) -> Starts:
    return [(data.high * factor,) for factor in (1.02, 1.1, 1.4, 2.5, 6.0)]


def _poles(data: Features) -> Starts:
    return [*_shifts(data), *((-place,) for (place,) in _beyond(data))]


def _widths(data: Features) -> Starts:
    return [(share * data.span,) for share in (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)]


def _decades(_: Features) -> Starts:
    return [(width,) for width in (0.15, 0.4, 1.0, 2.5)]


def _peaks(data: Features) -> Starts:
    """The extremes with their own widths and others, and places between them."""
    own = ((m, factor * w) for m, w in data.peaks for factor in (0.5, 1.0, 2.0))
    places = np.linspace(data.low, data.high, 9)[1:-1]
    return [*own, *((float(m), share * data.span) for m in places for share in (0.05, 0.15, 0.5))]


def _doses(data: Features) -> Starts:
    """Half-saturation k and steepness n of either sign."""
    both = itertools.product(_scales(data), _steepness(data), (1.0, -1.0))
    return [(k, sign * n) for (k,), (n,), sign in both]


def _scaled_doses(data: Features) -> Starts:
    """The same for k x^n in place of (x / k)^n."""
    return [(k**-n, n) for k, n in _doses(data) if abs(n * np.log(k)) < 500]


def _stretched(data: Features) -> Starts:
    return [(k, n) for k, n in _scaled_doses(data) if n > 0]


def _shifted_powers(data: Features) -> Starts:
    """For each shift, the exponent that a line through the logarithms has."""
    return [(s, n) for (s,) in _shifts(data) for n in _log_slopes(np.log(data.x + s), data.y)]


def _antoine(data: Features) -> Starts:
    """For each pole, the factor that a line through the target's logarithm has."""
    return [(s, b) for (s,) in _poles(data) for b in _log_slopes(1 / (data.x + s), data.y)]


def _barriers(data: Features) -> Starts:
    """B of exp(b / x): from the logarithm's slope, and by the variation of 1 / x."""
    if not np.all(data.x > 0):
        return []
    inverse = 1 / data.x
    spread = max(float(np.ptp(inverse)), _TINY)
    grid = [sign * rate / spread for rate in np.geomspace(0.3, 60.0, 6) for sign in (1.0, -1.0)]
    return [(b,) for b in (*_log_slopes(inverse, data.y), *grid)]


def _log_slopes(u: Array, y: Array) -> list[float]:
    """Slope of log |y| by u, weighted as the target's errors want it; none where that makes no sense."""
    usable = np.isfinite(u) & (y != 0)
    if usable.sum() < 3 or np.ptp(u[usable]) == 0:
        return []
    size = np.abs(y[usable])
    return [float(np.polyfit(u[usable], np.log(size), 1, w=size)[0])]


def _thermistor(data: Features) -> Starts:
    """Linear least squares for the reciprocal."""
    if not (np.all(data.x > 0) and np.all(data.y != 0)):
        return []
    logarithm = np.log(data.x)
    columns = np.column_stack((np.ones_like(data.x), logarithm, logarithm**3))
    weights = data.y**2
    solution = np.linalg.lstsq(columns * weights[:, None], weights / data.y, rcond=None)[0]
    return [tuple(solution.tolist())]


def _resonance(data: Features) -> Starts:
    """Square of the frequency of an extreme, and square of the width."""
    return [(m**2, (factor * w) ** 2) for m, w in data.peaks for factor in (0.3, 1.0, 3.0)]


RULES: dict[str, Callable[[Features], Starts]] = {
    "exponent": _exponents,
    "steepness": _steepness,
    "rate": _rates,
    "decay": _decays,
    "slope": _slopes,
    "inside": _inside,
    "before": _before,
    "scale": _scales,
    "inverse": _inverses,
    "few scales": _few_scales,
    "few inverses": _few_inverses,
    "square": _squares,
    "shift": _shifts,
    "beyond": _beyond,
    "above": _above,
    "pole": _poles,
    "width": _widths,
    "decades": _decades,
    "peak": _peaks,
    "dose": _doses,
    "doses": _scaled_doses,
    "stretched": _stretched,
    "shifted power": _shifted_powers,
    "antoine": _antoine,
    "barrier": _barriers,
    "thermistor": _thermistor,
    "resonance": _resonance,
    "frequency": lambda data: [(w,) for w in frequencies(data.x, data.y)],
    "wave": lambda data: waves(data.x, data.y),
    "damped": lambda data: damped_waves(data.x, data.y),
}

# Rules of constants that are sizes.
SIZES = frozenset({"decay", "scale", "inverse", "few scales", "few inverses", "square"})


def starts_of(curve: Curve, data: Features, other: Features | None = None) -> Starts:
    """Every combination of what the rules of a curve give; constants without a rule begin at 1.

    Args:
        curve: The curve.
        data: The target over x.
        other: The target over z, which rules that begin with z look at.

    Returns:
        Values of all constants, in the order of the curve's.
    """
    with np.errstate(all="ignore"):
        choices = [
            [dict(zip(names.split(), values, strict=True)) for values in _values(rule, data, other)]
            for names, rule in curve.starts.items()
        ]
    known = ({name: v for part in parts for name, v in part.items()} for parts in itertools.product(*choices))
    return [tuple(own.get(name, 1.0) for name in curve.constants) for own in known]


def _values(rule: str, data: Features, other: Features | None) -> Starts:
    if rule.startswith("z "):
        assert other is not None, rule
        return RULES[rule[2:]](other)
    return RULES[rule](data)
