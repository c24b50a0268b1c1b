"""The search for equations of fields: sparse sums of terms in weak form, chosen by description length."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression
from nsr.expressions.flattening import flattened
from nsr.expressions.monomials import linear_combination
from nsr.expressions.simplify import simplify
from nsr.fields.library import libraries
from nsr.fields.settings import FieldSettings
from nsr.fields.terms import Term
from nsr.fields.variables import FieldVariables
from nsr.fields.weak_form import WeakForm
from nsr.refinement.selection import front_of, thinned
from nsr.refinement.subsets import forward_selection, promising_subsets

Array = NDArray[np.float64]

_TINY = 1e-300
# Equations of each field that are combined with those of others.
_MOST_COMBINED = 5


@dataclass(frozen=True, eq=False)
class FieldEquation:
    """One right-hand side.

    Attributes:
        expression: As it is reported.
        terms: That it is the sum of.
        weights: Of these, shape (k,).
        table: Integrals of the terms, shape (M, k).
        target: What the integral of the sum should be, shape (M,).
        loss: Share of the squared target that it leaves.
        bits: Of the observations by it, and of itself.
    """

    expression: Expression
    terms: tuple[Term, ...]
    weights: Array
    table: Array
    target: Array
    loss: float
    bits: float

    @property
    def complexity(self) -> int:
        """Of the expression."""
        return self.expression.complexity


@dataclass(frozen=True, eq=False)
class FieldSystem:
    """Right-hand sides of all fields.

    Attributes:
        equations: One for each field.
    """

    equations: tuple[FieldEquation, ...]

    @property
    def complexity(self) -> int:
        """Of all equations."""
        return sum(one.complexity for one in self.equations)

    @property
    def loss(self) -> float:
        """Mean of theirs."""
        return float(np.mean([one.loss for one in self.equations]))

    @property
    def bits(self) -> float:
        """Of all."""
        return sum(one.bits for one in self.equations)


def search(
    weak: WeakForm, variables: FieldVariables, settings: FieldSettings, n_equations: int
) -> tuple[list[FieldSystem], int]:
    """The Pareto front of systems, from simple to accurate, and the place of the chosen one."""
    tables = [(library, weak.table(library)) for library in libraries(variables)]
    n_fields = len(variables.fields)
    most = n_equations if n_fields == 1 else _MOST_COMBINED
    fronts = [_front(weak, field, tables, settings, most) for field in range(n_fields)]
    systems = sorted(map(FieldSystem, itertools.product(*fronts)), key=lambda one: one.bits)
    front = front_of(systems)
    kept = thinned(front, front.index(systems[0]), n_equations)
    return [front[place] for place in kept], kept.index(front.index(systems[0]))


def _front(
    weak: WeakForm,
    field: int,
    tables: Sequence[tuple[tuple[Term, ...], Array]],
    settings: FieldSettings,
    most: int,
) -> list[FieldEquation]:
    """The Pareto front of one field's equations, of which at most this many."""
    target, n_rows = weak.target(field), min(weak.n_independent, settings.most_independent)
    bits_of_term = math.log2(len(tables[0][0])) + 0.5 * math.log2(n_rows) + settings.bits_of_constant
    found: dict[tuple[Term, ...], FieldEquation] = {}
    for number, (library, whole) in enumerate(tables):
        sizes = np.linalg.norm(whole, axis=0)
        usable = np.flatnonzero(np.isfinite(sizes) & (sizes > 0))
        if len(usable) > len(target) // 2:  # more terms than the bumps tell apart
            usable = usable[forward_selection(whole[:, usable], target, len(target) // 2)]
        for subset in promising_subsets(whole[:, usable], target, settings.breadth):
            places = usable[list(subset)]
            terms = tuple(library[place] for place in places)
            if terms not in found:
                extra = number * settings.bits_of_library + len(terms) * bits_of_term
                found[terms] = _equation(terms, whole[:, places], target, n_rows, extra, settings)
    ordered = sorted(found.values(), key=lambda one: one.bits)
    front = front_of(ordered)
    return [front[place] for place in thinned(front, front.index(ordered[0]), most)]


def _equation(
    terms: tuple[Term, ...], table: Array, target: Array, n_rows: float, extra: float, settings: FieldSettings
) -> FieldEquation:
    weights = fitted(table, target)
    left = target - table @ weights
    loss = float(left @ left) / (float(target @ target) + _TINY)
    parts = [(float(w), term.expression) for w, term in zip(weights, terms, strict=True)]
    expression = flattened(simplify(linear_combination(parts)))
    bits = 0.5 * n_rows * math.log2(max(loss, settings.exact)) + extra
    return FieldEquation(expression, terms, weights, table, target, loss, bits)


def fitted(table: Array, target: Array) -> Array:
    """Weights of least squares; columns may differ in size by far."""
    sizes = np.linalg.norm(table, axis=0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    return np.asarray(np.linalg.lstsq(table / sizes, target, rcond=1e-12)[0] / sizes)
