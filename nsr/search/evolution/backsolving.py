"""What stands best where in an equation: all parts of a dictionary judged in all its gaps at once.

Semantic backpropagation says what should stand in a gap. Which part comes nearest to it, up to a scale and an
offset, is weighted linear regression, and the sums that it takes for all gaps and all parts are products of
matrices: millions of children are judged in a second before any of them is made. (The library search of
Pawlak, Wieloch and Krawiec 2015, with linear scaling as in Keijzer, "Improving symbolic regression with
interval arithmetic and linear scaling", EuroGP 2003.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant
from nsr.search.evolution.parts import Parts
from nsr.search.evolution.semantics import CHANGES, Gap, gaps
from nsr.search.evolution_settings import PartsSettings
from nsr.task import Task

Array = NDArray[np.float64]

# Bits of a token, and of a constant and the operator it stands under: they only say in which order children
# are tried.
_BITS_PER_TOKEN, _BITS_PER_CONSTANT = 4.5, 16.0
# What rounding leaves of sums of squares.
_ROUNDING = 1e-13
# By how much more than usual one row may count.
_LARGEST_WEIGHT = 1e4
# Seconds of work for a product of two numbers.
_SECONDS = 1e-10


@dataclass(frozen=True)
class _Regression:
    """What parts are regressed on.

    Attributes:
        gap: Where they are to stand.
        wanted: Shape (P,), 0 where nothing is known.
        weights: Of squared differences from what is wanted, shape (P,): what they make of the whole's error.
        rest: Sum of squared errors of the rows where nothing would do, which are taken to stay as they are.
    """

    gap: Gap
    wanted: Array
    weights: Array
    rest: float


@dataclass(frozen=True)
class _Fits:
    """Regressions of M gaps on n parts, with an offset or without.

    Attributes:
        scales: Of the parts, shape (M, n).
        offsets: Shape (M, n).
        errors: Sums of squared errors, shape (M, n).
    """

    scales: Array
    offsets: Array
    errors: Array


class Backsolver:
    """Fills gaps from a dictionary.

    Args:
        task: What is to be explained, on the rows of the dictionary.
        parts: The dictionary.
        n_rows: Rows that children are judged by in the end.
        settings: Its numbers.
    """

    def __init__(self, task: Task, parts: Parts, n_rows: int, settings: PartsSettings) -> None:
        self._task, self._parts, self._n_rows, self._settings = task, parts, n_rows, settings

    @np.errstate(all="ignore")
    def children(self, equation: Expression) -> list[Expression]:
        """The equations that should explain most, the most promising first, with constants to begin with."""
        regressions = self._regressions(equation)
        if not regressions or not len(self._parts):
            return []
        parts = self._parts.expressions
        lengths = np.array([len(part) for part in parts])
        kept = np.array([regression.gap.n_kept for regression in regressions])
        found: list[tuple[float, Expression]] = []
        for n_constants, fits in enumerate(_fits(regressions, *self._parts.table), start=1):
            errors = fits.errors + np.array([regression.rest for regression in regressions])[:, None]
            bits = 0.5 * self._n_rows * np.log2(errors)
            bits += _BITS_PER_TOKEN * (kept[:, None] + lengths) + n_constants * _BITS_PER_CONSTANT
            bits[~np.isfinite(fits.scales) | (fits.scales == 0) | ~np.isfinite(bits)] = np.inf
            for place, part in self._least(bits):
                filling = apply("mul", constant(float(fits.scales[place, part])), parts[part])
                if n_constants > 1:
                    filling = apply("add", filling, constant(float(fits.offsets[place, part])))
                found.append((float(bits[place, part]), regressions[place].gap.filled(filling)))
        return [child for _, child in sorted(found, key=lambda pair: pair[0])][: self._settings.n_children]

    def work(self, equation: Expression) -> float:
        """Seconds of work that the children of an equation are, about."""
        return _SECONDS * 5 * len(CHANGES) * len(equation) * len(self._parts) * self._task.n_rows

    def _regressions(self, equation: Expression) -> list[_Regression]:
        """Of the gaps in which enough rows want something."""
        task, settings = self._task, self._settings
        all_gaps = gaps(equation, task.X, task.y)
        errors = task.root_weights * (task.y - all_gaps[0].present)
        found = []
        for gap in all_gaps:
            slopes = errors / (gap.wanted - gap.present)
            known = np.isfinite(slopes) & (np.abs(gap.wanted) < settings.most_wanted)
            if known.mean() <= settings.least_wanted:
                continue
            weights = np.where(known, slopes, 0.0) ** 2
            weights = np.minimum(weights, _LARGEST_WEIGHT * float(np.median(weights[known])))
            rest = float(np.sum(errors[~known] ** 2))
            if np.isfinite(rest):
                found.append(_Regression(gap, np.where(known, gap.wanted, 0.0), weights, rest))
        return found

    def _least(self, bits: Array) -> list[tuple[int, int]]:
        """Gaps and parts of the fewest bits, a few of each gap, as one gap's are much alike."""
        n_each = min(self._settings.n_each, bits.shape[1])
        parts = np.argpartition(bits, n_each - 1, axis=1)[:, :n_each]
        places = np.repeat(np.arange(len(bits)), n_each)
        order = np.argsort(bits[places, parts.ravel()], kind="stable")[: self._settings.n_children]
        pairs = zip(places[order].tolist(), parts.ravel()[order].tolist(), strict=True)
        return [pair for pair in pairs if np.isfinite(bits[pair])]


def _fits(regressions: list[_Regression], standard: Array, means: Array, deviations: Array) -> list[_Fits]:
    """Regressions without an offset, and with one.

    Args:
        regressions: What is regressed on parts.
        standard: The parts' values, shape (n, P), each of mean 0 and standard deviation 1,
        means: less these, shape (n,),
        deviations: and over these, shape (n,).
    """
    weights = np.array([regression.weights for regression in regressions])
    wanted = np.array([regression.wanted for regression in regressions])
    weighted = weights * wanted
    w, wt, wtt = (values.sum(axis=1)[:, None] for values in (weights, weighted, weighted * wanted))
    wu, wuu, wtu = weights @ standard.T, weights @ np.square(standard).T, weighted @ standard.T
    # On the part itself, which is its standard form times its deviation plus its mean.
    square = deviations**2 * wuu + 2 * means * deviations * wu + means**2 * w
    product = deviations * wtu + means * wt
    scales = product / square
    alone = _Fits(scales, np.zeros_like(scales), np.maximum(wtt - product * scales, _ROUNDING * wtt))
    centred = wtu - wt * wu / w
    slopes = centred / (wuu - wu**2 / w)
    spread = wtt - wt**2 / w
    errors = np.maximum(spread - centred * slopes, _ROUNDING * spread)
    scales = slopes / deviations
    offsets = (wt - slopes * wu) / w - scales * means
    return [alone, _Fits(scales, offsets, errors)]
