"""One constant inside a function of one variable: T(y) = z^p (a f(k, z) + b) + c + d z.

Once k is known, the rest is linear: variable projection (Golub and Pereyra 1973) over a grid of k, which is
linear for frequencies, as their errors have many minima, and logarithmic for rates and offsets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.monomials import ONE, linear_combination, power
from nsr.expressions.operator_set import OperatorSet
from nsr.expressions.operators import OPERATORS, Operator
from nsr.refinement.candidates import fitted
from nsr.search.response import Response
from nsr.search.state import State
from nsr.search.structure.transforms import applied, is_moderate, transforms
from nsr.search.structure_settings import InnerConstantSettings, StructureSettings

Array = NDArray[np.float64]

_Z = variable(0)


@dataclass(frozen=True)
class _Shape:
    """A function f(k, z).

    Attributes:
        values: f at each k of shape (K, 1) and z of shape (P,).
        form: f for one k; for waves, that of the sine, which a phase makes any of them.
        is_wave: Whether both sine and cosine are columns.
    """

    values: Callable[[Array, Array], Array]
    form: Callable[[float], Expression]
    is_wave: bool = False


def _of_product(name: str, argument: Expression = _Z) -> Callable[[float], Expression]:
    return lambda k: apply(name, apply("mul", constant(k), argument))


def _of_sum(name: str, argument: Expression = _Z) -> Callable[[float], Expression]:
    return lambda k: apply(name, apply("add", argument, constant(k)))


_SQUARE = apply("square", _Z)
_RECIPROCALS = (
    _Shape(lambda k, z: 1 / (z + k), _of_sum("inv")),
    _Shape(lambda k, z: (z + k) ** -2.0, lambda k: apply("inv", _of_sum("square")(k))),
)
_NUMBER = _Shape(
    lambda k, z: 1 / np.expm1(k * z),
    lambda k: apply("inv", apply("sub", _of_product("exp")(k), ONE)),
)
_WAVE = _Shape(lambda k, z: np.exp(1j * k * z), _of_product("sin"), is_wave=True)
_WAVE_OF_SQUARE = _Shape(lambda k, z: np.exp(1j * k * z**2), _of_product("sin", _SQUARE), is_wave=True)


def _each(
    operators: Sequence[Operator],
    inside: Callable[[Array, Array], Array],
    form: Callable[[str], Callable[[float], Expression]],
) -> list[_Shape]:
    """One function for each operator.

    Args:
        operators: With NumPy forms.
        inside: Their argument, for k and z.
        form: The function for one k, by the operator's name.
    """
    return [_composed(o.numpy, inside, form(o.name)) for o in operators if o.numpy is not None]


def _composed(
    outer: Callable[..., Array], inside: Callable[[Array, Array], Array], form: Callable[[float], Expression]
) -> _Shape:
    return _Shape(lambda k, z: outer(inside(k, z)), form)


def _functions(allowed: OperatorSet) -> tuple[list[Operator], list[Operator], list[Operator]]:
    """Operators whose argument has a constant: rates of either sign, positive rates, and offsets."""
    drawn = allowed.drawn(1)
    known = [o for o in allowed.among(OPERATORS.values()) if o.arity == 1 and (o.name in drawn or o.varied)]
    everywhere = [o for o in known if o.domain == (-np.inf, np.inf) and o.complexity > 1 and o.period is None]
    rated = [o for o in everywhere if o.parity is None]
    return rated, [o for o in everywhere if o.parity], [o for o in known if o.domain == (0.0, np.inf)]


def with_inner_constant(state: State, settings: StructureSettings = StructureSettings()) -> list[Expression]:
    """Equations y = f(z) with one inner constant that nearly hold, the shortest description first.

    Args:
        state: Of one variable.
        settings: The numbers of inner constants, and of what a family is worth.
    """
    s = settings.inner
    state = state.first(s.n_rows)
    z, response = state.X[:, 0], Response.of(state)
    if np.ptp(z) == 0:
        return []
    tables = list(_tables(z, state.space.operators, s))
    forms: list[Expression] = []
    for place, transform in enumerate(transforms(state.space.operators)[: s.n_transforms]):
        target, weights = transform.of_response(response)
        if is_moderate(target) and np.ptp(target) > 0:
            powers = s.powers if place < s.n_with_powers else s.powers[:1]
            largest = transform.worthwhile(response, target, weights, settings.families)
            found = _fits(powers, tables, z, target, weights, largest, s.n_of_each)
            forms += [applied(transform.inverse, form) for form in found]
    # Only refined constants tell which is best: the grid is too coarse for that.
    best = fitted([form for form in forms if state.space.allows(form)], state, s.fitted, Clock())
    return [candidate.expression for candidate in best[: s.n_best]]


def _tables(
    z: Array, operators: OperatorSet, settings: InnerConstantSettings
) -> Iterator[tuple[_Shape, Array, Array]]:
    """Each shape with the constants of its grid, shape (K,), and its values, shape (K, P)."""
    size, spread = float(np.max(np.abs(z))), float(np.ptp(z))
    rates = np.geomspace(*settings.rates, settings.n_rates) / size
    waves = np.arange(settings.wave_step, settings.most_radians, settings.wave_step)
    offsets = np.geomspace(*settings.offsets, settings.n_offsets)
    square = z**2
    of_both_signs, of_parity, from_zero = _functions(operators)
    squares = partial(_of_product, argument=_SQUARE), partial(_of_sum, argument=_SQUARE)
    both, both_squares = np.concatenate((rates, -rates)), np.concatenate((rates, -rates)) / size
    grids = (
        (_each(of_both_signs, lambda k, z: k * z, _of_product), both),
        (_each(of_both_signs, lambda k, z: k * z**2, squares[0]), both_squares),
        (_each(of_parity, lambda k, z: k * z, _of_product), rates),
        (
            [*_each(from_zero, lambda k, z: z + k, _of_sum), *_RECIPROCALS],
            offsets * spread - z.min(),
        ),
        (
            _each(from_zero, lambda k, z: z**2 + k, squares[1]),
            offsets * float(np.ptp(square)) - square.min(),
        ),
        ([_NUMBER], rates),
        ([_WAVE], waves / spread),
        ([_WAVE_OF_SQUARE], waves / max(float(np.ptp(square)), 1e-300)),
    )
    for shapes, grid in grids:
        for shape in shapes:
            if not operators.allows(shape.form(1.0)):
                continue
            with np.errstate(all="ignore"):
                values = shape.values(grid[:, None], z)
            usable = is_moderate(values) & (np.ptp(np.abs(values.real), axis=1) > 0)
            if usable.any():
                yield shape, grid[usable], values[usable]


def _fits(
    powers: tuple[float, ...],
    tables: list[tuple[_Shape, Array, Array]],
    z: Array,
    target: Array,
    weights: Array,
    largest: float,
    n_of_each: int,
) -> Iterator[Expression]:
    """The best constant for each shape and choice of linear terms, with the few powers that do best."""
    fits: dict[tuple[int, int], list[tuple[float, Expression]]] = {}
    for p in powers:
        with np.errstate(all="ignore"):
            factor = z**p
        if not is_moderate(factor):
            continue
        for kind, linear in enumerate(_linear_terms(p)):
            problem = _Projection(factor, [_values(term, z) for term in linear], target, weights)
            for place, (shape, grid, table) in enumerate(tables):
                k, share = problem.best_constant(shape, grid, table, z)
                if share < largest:
                    form = _form(shape, k, p, problem.solution(shape, k, z), linear)
                    fits.setdefault((place, kind), []).append((share, form))
    for found in fits.values():
        yield from (form for _, form in sorted(found, key=lambda fit: fit[0])[:n_of_each])


class _Projection:
    """Least squares for a target by a factor times f(k, z) and by linear terms, which are projected out."""

    def __init__(self, factor: Array, linear: list[Array], target: Array, weights: Array) -> None:
        self._factor = factor * weights
        self._linear = [np.broadcast_to(column, weights.shape) * weights for column in linear]
        self._target = target * weights
        self._basis = np.linalg.qr(np.column_stack(self._linear))[0] if linear else np.zeros((len(target), 0))
        self._rest = self._target - self._basis @ (self._basis.T @ self._target)

    def best_constant(self, shape: _Shape, grid: Array, table: Array, z: Array) -> tuple[float, float]:
        """The constant that leaves the smallest share unexplained, on the grid or between two of its points.

        Args:
            shape: The function.
            grid: Constants, shape (K,).
            table: Values of the function, shape (K, P).
            z: The variable, shape (P,).

        Returns:
            The constant, and the share.
        """
        shares = self._shares(table)
        best = int(np.argmin(shares))
        k, share = float(grid[best]), float(shares[best])
        if 0 < best < len(grid) - 1:
            before, after = shares[best - 1] - share, shares[best + 1] - share
            shift = 0.5 * (before - after) / max(before + after, 1e-300)  # the vertex of a parabola
            between = k + shift * (grid[best + 1] - k if shift > 0 else k - grid[best - 1])
            with np.errstate(all="ignore"):
                trial = float(self._shares(shape.values(np.array([[between]]), z))[0])
            if trial < share:
                return float(between), trial
        return k, share

    def solution(self, shape: _Shape, k: float, z: Array) -> list[float]:
        """The factors of f, or of its cosine and its sine, and of the linear terms."""
        values = shape.values(np.array([[k]]), z)[0] * self._factor
        own = [values.real, values.imag] if shape.is_wave else [values]
        columns = np.column_stack([*own, *self._linear])
        solution: list[float] = np.linalg.lstsq(columns, self._target, rcond=1e-13)[0].tolist()
        return solution

    def _shares(self, table: Array) -> Array:
        """Share of the target that is left unexplained for each row, shape (K,)."""
        columns = table * self._factor
        columns = columns - (columns @ self._basis) @ self._basis.T
        moments = columns @ self._rest
        if np.iscomplexobj(columns):
            a = np.sum(columns.real**2, axis=1)
            b = np.sum(columns.imag**2, axis=1)
            c = np.sum(columns.real * columns.imag, axis=1)
            f, g = moments.real, moments.imag
            explained = (b * f**2 - 2 * c * f * g + a * g**2) / np.maximum(
                a * b - c**2, 1e-12 * a * b + 1e-300
            )
        else:
            explained = moments**2 / np.maximum(np.sum(columns**2, axis=1), 1e-300)
        left = float(self._rest @ self._rest)
        shares = np.maximum(left - explained, 0.0) / float(self._target @ self._target)
        return np.where(np.isfinite(shares), shares, np.inf)


def _values(term: Expression, z: Array) -> Array:
    return np.asarray(Program([term]).values(z[:, None])[0])


def _linear_terms(p: float) -> list[tuple[Expression, ...]]:
    """What may be added to z^p f: nothing, its factor, a constant, or two of them; for p = 0 a line."""
    if p == 0:
        return [(), (ONE,), (_Z,), (ONE, _Z)]
    return [(), (power(0, p),), (ONE,), (power(0, p), ONE)]


def _form(
    shape: _Shape, k: float, p: float, solution: list[float], linear: tuple[Expression, ...]
) -> Expression:
    """The equation for a known inner constant, from the least-squares solution."""
    function, size = shape.form(k), solution[0]
    if shape.is_wave:  # a cos + b sin is a sine with a phase
        cosine, sine = solution[:2]
        size, phase = float(np.hypot(cosine, sine)), float(np.arctan2(cosine, sine))
        function = apply("sin", apply("add", function.children[0], constant(phase)))
    term = apply("mul", power(0, p), function) if p else function
    rest = solution[2 if shape.is_wave else 1 :]
    return linear_combination([(size, term), *zip(rest, linear, strict=True)])
