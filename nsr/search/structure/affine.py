"""Targets that are affine in a function of few of their variables: T(y) = A(a) B(b) + C(b).

Most laws have such a variable: an angle that enters by its cosine only, a time in one exponential. For fixed
b the target is then an affine function of A, so a table of the surrogate's values over choices of a and of b
has rank one once its columns are centred, or as it is where C is zero. A is found first, from the table's
first singular vector; then B and C, which are A's coefficients in the surrogate. This is AI Feynman's
separability (arXiv:1905.11481) without the demand that the variables of A occur nowhere else in the sum.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant
from nsr.search.state import State
from nsr.search.structure.parts import without_offset
from nsr.search.structure.remainders import difference, quotient
from nsr.search.structure_settings import AffineSettings
from nsr.search.surrogate import Surrogate
from nsr.task import ROWS

Array = NDArray[np.float64]

# Seconds of work for a term at a row.
_SECONDS = 6e-9
# Parts are known no better than this: the surrogate's error is that of typical rows.
_LEAST_ERROR = 1e-7


@dataclass(frozen=True)
class Coefficient:
    """B or C.

    Attributes:
        state: Whose target it is.
        error: How well its values are known, as a share of their spread.
    """

    state: State
    error: float

    @property
    def size(self) -> float:
        """Root mean square of the values' error."""
        return self.error * float(np.std(self.state.y))


@dataclass(frozen=True)
class Coefficients:
    """What is left to solve once A is known.

    Attributes:
        inner: A with the constant that makes the others simplest.
        factor: B.
        offset: C.
    """

    inner: Expression
    factor: Coefficient
    offset: Coefficient


@dataclass(frozen=True)
class AffineSplit:
    """A target that is affine in a function A of some variables.

    Attributes:
        state: The target.
        surrogate: What stands for it, of the output that is affine.
        group: The variables a.
        is_product: Whether C is zero.
        inner: The state whose target is A, up to a factor, and up to a constant unless it is a product.
        error: How well the values of A are known, as a share of their spread.
        settings: The numbers of such splits.
    """

    state: State
    surrogate: Surrogate
    group: tuple[int, ...]
    is_product: bool
    inner: State
    error: float
    settings: AffineSettings

    def coefficients(self, solution: Expression) -> Coefficients | None:
        """B and C, which depend on what constant is added to A.

        Without one, unless C is then the same function as B, up to a factor and a constant.

        Args:
            solution: A over the variables of the state `inner`.

        Returns:
            None where A is not finite everywhere, or constant.
        """
        inner = solution if self.is_product else without_offset(solution)
        references = _references(len(self.inner.X), self.settings.n_references)
        known = Program([inner]).values(self.inner.X[references])[0]
        if not np.all(np.isfinite(known)) or np.ptp(known) == 0:
            return None
        table = self.surrogate.table(self.state.X[:ROWS], self.state.X[references], self._rest)
        error = self.error * float(np.std(table))
        if self.is_product:
            factor, offset = table @ known / (known @ known), np.zeros(len(table))
        else:
            factor, offset = np.linalg.lstsq(np.column_stack((known, np.ones_like(known))), table.T)[0]
            slope, level = _line(factor, offset)
            if np.std(offset - slope * factor) <= self.settings.error_factor * error:
                inner = apply("add", inner, constant(slope))
                offset = np.full(len(table), level)
        return Coefficients(
            inner, self._coefficient(factor, error / float(np.std(known))), self._coefficient(offset, error)
        )

    def quotient(self, known: Expression) -> State | None:
        """B as the rows tell it, where the target is a product with a known A, over the state's variables."""
        if not self.is_product:
            return None
        return quotient(self.state, self.surrogate.output, [known], self._rest, self.error)

    def difference(self, known: Expression) -> State | None:
        """C as the rows tell it, where A times B is known, over the state's variables."""
        if self.is_product:
            return None
        return difference(self.state, self.surrogate.output, [known], self._rest, self.error)

    @property
    def _rest(self) -> tuple[int, ...]:
        return tuple(i for i in range(self.state.n_variables) if i not in self.group)

    def _coefficient(self, values: Array, error: float) -> Coefficient:
        part = self.state.without(self.group)
        spread = float(np.std(values))
        if spread <= self.settings.error_factor * error:
            values, spread = np.full_like(values, values.mean()), np.inf
        return Coefficient(part.part(values), error / spread)


def _line(x: Array, y: Array) -> tuple[float, float]:
    """Slope and level of the line nearest to points; no slope where the x are all the same."""
    centred = x - x.mean()
    size = float(centred @ centred)
    slope = float(centred @ y) / size if size > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def affine_splits(state: State, settings: AffineSettings = AffineSettings()) -> list[AffineSplit]:
    """The splits that the state's surrogates support.

    Those by surrogates about as good as the best come first, of these products and single variables.
    """
    n_variables = state.X.shape[1]
    if n_variables < 2:
        return []
    splits: list[AffineSplit] = []
    for surrogate in state.best_of_each_output:
        if not _is_usable(surrogate, state.centre, settings.worst):
            continue
        found: set[int] = set()
        for size in range(1, min(settings.max_group, n_variables - 1) + 1):
            for group in itertools.combinations(range(n_variables), size):
                new = [] if found & set(group) else list(_split(state, surrogate, group, settings))
                found |= {i for split in new for i in split.group}
                splits += new
    good = settings.about_as_good * min((split.error for split in splits), default=0.0)
    return sorted(splits, key=lambda s: (s.error > good, not s.is_product, len(s.group), s.error))


def tabulating_work(split: AffineSplit) -> float:
    """Seconds of work that finding a split takes, or finding coefficients of one, about."""
    return _SECONDS * min(split.state.n_rows, ROWS) * split.surrogate.n_terms


def is_constant(state: State, settings: AffineSettings) -> bool:
    """Whether the target of a coefficient's state does not vary."""
    return bool(np.std(state.y) <= settings.constant * np.sqrt(np.mean(state.y**2)))


def _is_usable(surrogate: Surrogate, y: Array, worst: float) -> bool:
    has_sign = surrogate.output.keeps_sign or bool(np.all(y > 0))
    return has_sign and surrogate.error < worst


def _split(
    state: State, surrogate: Surrogate, group: tuple[int, ...], settings: AffineSettings
) -> Iterator[AffineSplit]:
    """The split by one group of variables, if there is one."""
    tolerance = settings.tolerance + settings.error_factor * surrogate.error
    references = _references(len(state.X), settings.n_references)
    probes = surrogate.table(state.X[: settings.n_probes], state.X[references], group)
    if not np.all(np.isfinite(probes)):
        return
    spread = float(np.std(probes))
    for is_product in (True, False):
        outside, _ = _outside_rank_one(probes, is_product)
        if outside < tolerance * spread:
            table = surrogate.table(state.X[:ROWS], state.X[references], group)
            values = table @ _outside_rank_one(table, is_product)[1]
            if not is_product:
                values = values - values.mean()
            size = float(np.std(values))
            if size > settings.constant * spread:
                part = state.without(tuple(i for i in range(state.X.shape[1]) if i not in group))
                inner = part.part(values / size)
                error = max(surrogate.error, outside / spread, _LEAST_ERROR)
                yield AffineSplit(state, surrogate, group, is_product, inner, error, settings)
            return


def _references(n_rows: int, n: int) -> NDArray[np.intp]:
    """Rows that lend their values to others, spread over the table."""
    return np.linspace(0, n_rows - 1, n).astype(np.intp)


def _outside_rank_one(table: Array, is_product: bool) -> tuple[float, Array]:
    """Root mean square of what rank one leaves out, and the first right singular vector."""
    centred = table if is_product else table - table.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    outside = float(np.sqrt(np.sum(sizes[1:] ** 2) / table.size))
    vector = directions[0]
    return outside, vector * (1.0 if vector.sum() >= 0 else -1.0)
