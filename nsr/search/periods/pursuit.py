"""Waves beside something smooth, one after the other, each with an amplitude that others may change.

Matching pursuit (Mallat and Zhang, IEEE Transactions on Signal Processing 41, 1993): the wave that explains
most of what is left is found by periodograms, its frequency refined with all amplitudes solved for (variable
projection, Golub and Pereyra 1973), and it stays if it is worth its constants (Schwarz 1978).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.search.periodogram import Grid, peaks, transform, transform_of_two
from nsr.search.settings import PeriodsSettings

Array = NDArray[np.float64]
_Start = tuple[tuple[int, ...], tuple[float, ...]]  # columns and frequencies

# Steps that improve a sum of squares by less than this share are the last ones.
_SETTLED = 1e-6


@dataclass(frozen=True)
class Wave:
    """sin(w x + p), or of two variables sin(w x + v z + p), times what may depend on the variables.

    Attributes:
        columns: Which variables it runs along.
        frequencies: One for each of them.
        phase: The main one.
        is_steady: Whether it is the only one; otherwise the phase depends on the variables, too.
    """

    columns: tuple[int, ...]
    frequencies: tuple[float, ...]
    phase: float
    is_steady: bool


@dataclass(frozen=True)
class _Term:
    """A wave with amplitudes of both phases that are polynomials.

    Attributes:
        columns: Which variables it runs along.
        frequencies: One for each of them.
        degree: Of the amplitudes.
    """

    columns: tuple[int, ...]
    frequencies: tuple[float, ...]
    degree: int


class _Table:
    """A table, weighted, and what is the same for all waves.

    Args:
        X: Variables, shape (P, D).
        y: Target, shape (P,).
        root_weights: By what errors count, shape (P,).
        settings: How smooth the rest is.
    """

    def __init__(self, X: Array, y: Array, root_weights: Array, settings: PeriodsSettings) -> None:
        self.X, self.settings, self.n_rows = X, settings, len(y)
        self.most_columns = self.n_rows // settings.rows_each
        self.target = y * root_weights
        self.negligible = settings.negligible * float(self.target @ self.target)
        low, high = X.min(axis=0), X.max(axis=0)
        unit = 2 * (X - low) / np.where(high > low, high - low, 1.0) - 1
        self.smooth = _polynomial(unit, settings.smooth_degree, self.most_columns) * root_weights[:, None]
        self._amplitudes = {
            degree: _polynomial(unit, degree, self.n_rows) * root_weights[:, None]
            for degree in settings.amplitude_degrees
        }

    def amplitudes(self, term: _Term) -> Array:
        """Columns that each phase's amplitude is made of, shape (P, M)."""
        return self._amplitudes[term.degree]

    def n_columns(self, term: _Term) -> int:
        """Of both amplitudes."""
        return 2 * int(self.amplitudes(term).shape[1])

    def design(self, term: _Term) -> Array:
        """Columns of both amplitudes, shape (P, 2 M), those of the sine first."""
        angle, own = self._angle(term), self.amplitudes(term)
        return np.column_stack((own * np.sin(angle)[:, None], own * np.cos(angle)[:, None]))

    def slopes(self, term: _Term, coefficients: Array) -> Array:
        """Derivatives by the frequencies, shape (P, F), for coefficients of `design`."""
        angle, own = self._angle(term), self.amplitudes(term)
        sines, cosines = np.split(coefficients, 2)
        turned = (own @ sines) * np.cos(angle) - (own @ cosines) * np.sin(angle)
        return self.X[:, list(term.columns)] * turned[:, None]

    def wave(self, term: _Term, coefficients: Array) -> Wave:
        """With its main phase: of both amplitudes as functions on the rows, the direction with most."""
        both = self.amplitudes(term) @ np.column_stack(np.split(coefficients, 2))
        _, sizes, directions = np.linalg.svd(both, full_matrices=False)
        is_steady = bool(sizes[1] <= self.settings.steady * sizes[0])
        sign = 1.0 if float(np.sum(both @ directions[0])) >= 0 else -1.0  # amplitudes are rather positive
        phase = float(np.arctan2(sign * directions[0, 1], sign * directions[0, 0]))
        return Wave(term.columns, term.frequencies, phase, is_steady)

    def is_near(self, one: _Term, other: _Term, cycles: float = 1.0) -> bool:
        """Whether two waves differ by less than a cycle, or several, over the table.

        Then one is how the other's amplitude changes; beside no wave, it is how something smooth does.
        """
        apart = np.zeros(self.X.shape[1])
        for sign, term in ((1.0, one), (-1.0, other)):
            for i, w in zip(term.columns, term.frequencies, strict=True):
                apart[i] += sign * w
        return bool(np.all(np.abs(apart) * np.ptp(self.X, axis=0) < 2 * np.pi * cycles))

    def _angle(self, term: _Term) -> Array:
        return np.asarray(self.X[:, list(term.columns)] @ np.array(term.frequencies))


class _Rest:
    """What columns leave of a target."""

    def __init__(self, columns: Array, target: Array) -> None:
        self.basis = np.linalg.qr(columns)[0]
        self.target = self.without(target)
        self.size = float(self.target @ self.target)

    def without(self, values: Array) -> Array:
        """Values with their part along the columns taken out."""
        return np.asarray(values - self.basis @ (self.basis.T @ values))


def pursued(X: Array, y: Array, root_weights: Array, settings: PeriodsSettings) -> list[Wave]:
    """The waves that a target has, in the order in which they were found.

    Args:
        X: Variables, shape (P, D).
        y: Target, shape (P,).
        root_weights: By what errors count, shape (P,).
        settings: How many, and how smooth the rest is.
    """
    table = _Table(X, y, root_weights, settings)
    # Beats of close frequencies look like one whose amplitude varies.
    degrees = settings.amplitude_degrees
    found = [_pursued(table, degrees[:n]) for n in (1, len(degrees))]
    terms = min(found, key=lambda terms: _length(table, terms))
    return [table.wave(term, own) for term, own in zip(terms, _solution(table, terms), strict=True)]


def _pursued(table: _Table, degrees: Sequence[int]) -> list[_Term]:
    """Terms with amplitudes of these degrees, one after the other."""
    settings = table.settings
    rest = smooth = _Rest(table.smooth, table.target)
    terms: list[_Term] = []
    while len(terms) < settings.most_waves and rest.size > table.negligible:
        new = _best(table, rest, degrees)
        if new is None or table.is_near(new, _Term((), (), 0), settings.least_cycles):
            break
        if any(table.is_near(new, known) for known in terms):
            break
        terms = _refined(table, smooth, [*terms, new], settings.last_steps)
        rest = _Rest(np.column_stack((table.smooth, *map(table.design, terms))), table.target)
    return terms


def _length(table: _Table, terms: Sequence[_Term]) -> float:
    """What terms take to describe, with what they leave (Schwarz 1978), in nats."""
    n_constants = sum(table.n_columns(term) + len(term.columns) for term in terms)
    rest = _Rest(np.column_stack((table.smooth, *map(table.design, terms))), table.target)
    left = max(rest.size, table.negligible, 1e-300)
    return 0.5 * table.n_rows * math.log(left) + 0.5 * n_constants * math.log(table.n_rows)


def _solution(table: _Table, terms: Sequence[_Term]) -> list[Array]:
    """Coefficients of all terms, solved for together."""
    columns = np.column_stack((table.smooth, *map(table.design, terms)))
    solution = np.linalg.lstsq(columns, table.target, rcond=1e-10)[0]
    ends = np.cumsum([table.smooth.shape[1], *map(table.n_columns, terms)])
    return np.split(solution, ends[:-1])[1:] if terms else []


def _best(table: _Table, rest: _Rest, degrees: Sequence[int]) -> _Term | None:
    """The wave that is worth most beyond what it costs; None where none is."""
    best, most = None, 0.0
    n_free = table.n_rows - rest.basis.shape[1]
    for (columns, frequencies), n_tried in _starts(table, rest).items():
        for degree in degrees:
            term = _Term(columns, frequencies, degree)
            n_own = table.n_columns(term) + len(columns)
            if rest.basis.shape[1] + n_own > table.most_columns:
                continue
            (term,) = _refined(table, rest, [term], table.settings.first_steps)
            size = _Rest(rest.without(table.design(term)), rest.target).size
            cost = 0.5 * n_own * math.log(table.n_rows) + math.log(n_tried)
            worth = 0.5 * n_free * math.log(rest.size / max(size, 1e-300)) - cost
            if worth > most:
                best, most = term, worth
    return best


def _starts(table: _Table, rest: _Rest) -> dict[_Start, int]:
    """The highest peaks that noise would hardly have, the highest first, and of how many each is one."""
    settings = table.settings
    found: dict[_Start, tuple[float, int]] = {}
    for start, share, n_tried, n_columns in _peaks(table, rest):
        # Half of a chi-squared variable's excess beyond this is exponential: the largest of many is about it.
        by_chance = 2 * (math.log(n_tried) + n_columns) / table.n_rows
        if share > settings.beyond_chance * by_chance:
            found[start] = max((share, n_tried), found.get(start, (0.0, 0)))
    best = sorted(found, key=lambda start: -found[start][0])[: settings.n_starts]
    return {start: found[start][1] for start in best}


def _peaks(table: _Table, rest: _Rest) -> Iterator[tuple[_Start, float, int, int]]:
    """Peaks with the share of what is left that each explains, of how many, and by how many sines."""
    X, settings = table.X, table.settings
    usable = [i for i, column in enumerate(X.T) if len(np.unique(column)) >= settings.least_levels]
    most_cycles = math.inf if X.shape[1] == 1 else table.n_rows / 4
    linear = np.linalg.qr(np.column_stack((np.ones(table.n_rows), X)))[0]
    for i in usable:
        grid = Grid.of(X[:, i], most_cycles)
        for factors in (linear[:, :1], linear):
            if grid.count:
                sums = transform(X[:, i], factors * rest.target[:, None], grid)
                share = 2 * np.sum(np.abs(sums) ** 2, axis=0) / rest.size
                for top in peaks(share, settings.n_peaks):
                    yield ((i,), (float(grid.values[top]),)), float(share[top]), grid.count, len(sums)
    for i, j in itertools.combinations(usable[: settings.most_paired], 2):
        one, other = (Grid.of(X[:, k], settings.most_cycles, settings.per_cycle) for k in (i, j))
        if one.count and other.count:
            both = transform_of_two(X[:, i], X[:, j], rest.target, one, other)
            for sign, sums in zip((1.0, -1.0), both, strict=True):
                share = 2 * np.abs(sums) ** 2 / (table.n_rows * rest.size)
                a, b = np.unravel_index(int(np.argmax(share)), share.shape)
                frequencies = float(one.values[a]), sign * float(other.values[b])
                yield ((i, j), frequencies), float(share[a, b]), sums.size, 1


def _refined(table: _Table, rest: _Rest, terms: list[_Term], steps: int) -> list[_Term]:
    """The terms with frequencies that steps of Gauss and Newton improve, beside the columns of the rest."""
    least, best = math.inf, terms
    for _ in range(steps):
        designs = [table.design(term) for term in terms]
        columns = rest.without(np.column_stack(designs))
        solution = np.linalg.lstsq(columns, rest.target, rcond=1e-10)[0]
        left = rest.target - columns @ solution
        size = float(left @ left)
        if not size < (1 - _SETTLED) * least:
            break
        least, best = size, terms
        own = np.split(solution, np.cumsum([design.shape[1] for design in designs])[:-1])
        slopes = np.column_stack([table.slopes(term, c) for term, c in zip(terms, own, strict=True)])
        beyond = _Rest(columns, left)
        step = np.linalg.lstsq(beyond.without(rest.without(slopes)), beyond.target, rcond=1e-10)[0]
        moved = np.split(step, np.cumsum([len(term.columns) for term in terms])[:-1])
        terms = [
            replace(term, frequencies=tuple((np.array(term.frequencies) + by).tolist()))
            for term, by in zip(terms, moved, strict=True)
        ]
    return best


def _polynomial(unit: Array, degree: int, most: int) -> Array:
    """Columns of the highest total degree, up to one, that has few enough of them, shape (P, T)."""
    n_variables = unit.shape[1]
    while degree > 0 and math.comb(n_variables + degree, degree) > most:
        degree -= 1
    terms = itertools.chain.from_iterable(
        itertools.combinations_with_replacement(range(n_variables), d) for d in range(degree + 1)
    )
    return np.column_stack([np.prod(unit[:, list(term)], axis=1) for term in terms])
