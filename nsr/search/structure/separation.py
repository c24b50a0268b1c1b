"""Sums and products of functions of separate variables, found from the terms that a surrogate does without.

If no term of a polynomial mixes two groups of variables, the target is a sum of functions of the groups,
a product of them where the polynomial gives the target's logarithm, or the root or the reciprocal of a sum
where it gives the square or the reciprocal (AI Feynman's separability; arXiv:1905.11481). The polynomial's
own parts are then targets to solve group by group.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression
from nsr.search.low_rank import SumOfProducts, common_factors
from nsr.search.polynomials import Polynomial, degrees_up_to, refit
from nsr.search.response import PLAIN, Response
from nsr.search.state import State
from nsr.search.structure.remainders import difference, quotient
from nsr.search.structure_settings import SeparationSettings, SurrogateSettings
from nsr.search.surrogate import Surrogate
from nsr.task import ROWS

Array = NDArray[np.float64]

# Errors of polynomials below this are rounding.
_NEGLIGIBLE = 1e-8


@dataclass(frozen=True)
class Separation:
    """A target that is a sum or a product of parts.

    Attributes:
        is_product: Whether it is a product.
        parts: One state for each group of variables; its target is the polynomial's part, which is right
            up to a constant (a factor for products) and the polynomial's error.
        error: The polynomial's error.
        surrogate: What told that it separates.
    """

    is_product: bool
    parts: tuple[State, ...]
    error: float
    surrogate: Surrogate

    @property
    def outer(self) -> tuple[str, ...]:
        """Operators on the sum, the innermost first, such as `inv` and `sqrt`."""
        return () if self.is_product else self.surrogate.output.inverse

    def left_by(self, state: State, known: Sequence[Expression], last: State) -> State | None:
        """The last part as the rows tell it, where equations for the others are known.

        Args:
            state: What separates.
            known: Over the variables of the state.
            last: The part that is looked for.
        """
        rest = tuple(state.variables.index(one) for one in last.variables)
        if self.is_product:
            return quotient(state, PLAIN, known, rest, self.error)
        return difference(state, self.surrogate.output, known, rest, self.error)


def separation(
    state: State, surrogate: Surrogate, settings: SeparationSettings = SeparationSettings()
) -> Separation | None:
    """How the state separates by one of its surrogates, or None if it does not."""
    if state.X.shape[1] < 2:
        return None
    if isinstance(surrogate, SumOfProducts):
        return _factored(state, surrogate, settings)
    assert isinstance(surrogate, Polynomial)
    has_sign = surrogate.output.keeps_sign or bool(np.all(state.centre > 0) or np.all(state.centre < 0))
    if not surrogate.error < settings.worst or not has_sign:
        return None
    groups = _groups(surrogate, settings)
    if len(groups) < 2:
        return None
    degrees = _unmixed(state.X.shape[1], groups, min(len(state.y), ROWS), state.settings)
    separate = refit(surrogate, state.X, Response.of(state), degrees, state.settings)
    if separate.error > max(surrogate.error, _NEGLIGIBLE):
        return None
    is_product = separate.output.is_logarithm
    return Separation(
        is_product,
        tuple(_part(state, separate, group) for group in groups),
        separate.error,
        surrogate,
    )


def _factored(state: State, surrogate: SumOfProducts, settings: SeparationSettings) -> Separation | None:
    """How the state is a product of functions of single variables, which all products have, and of the rest.

    Signs may change, where a sum of logarithms knows none.
    """
    if not surrogate.error < settings.worst or surrogate.output != PLAIN:
        return None
    tolerance = settings.tolerance + settings.error_factor * surrogate.error
    common, left = common_factors(surrogate.functions(surrogate.unit(state.X[:ROWS])), tolerance)
    rest = tuple(d for d in range(state.n_variables) if d not in common)
    targets = {(d,): values for d, values in common.items()} | ({rest: left} if rest else {})
    if len(targets) < 2:
        return None
    parts = tuple(_of_group(state, group, values) for group, values in targets.items())
    return Separation(True, parts, surrogate.error, surrogate)


def _groups(surrogate: Polynomial, settings: SeparationSettings) -> list[list[int]]:
    """Groups of variables that no important term mixes."""
    degrees, weights = surrogate.degrees, surrogate.coefficients**2
    total = float(np.sum(weights[1:]))
    tolerance = (settings.tolerance + settings.error_factor * surrogate.error) ** 2 * total
    n_variables = degrees.shape[1]
    group = list(range(n_variables))
    for i, j in itertools.combinations(range(n_variables), 2):
        mixed = (degrees[:, i] > 0) & (degrees[:, j] > 0)
        if float(np.sum(weights[mixed])) > tolerance and group[i] != group[j]:
            group = [group[i] if g == group[j] else g for g in group]
    return [[i for i in range(n_variables) if group[i] == g] for g in dict.fromkeys(group)]


def _unmixed(
    n_variables: int, groups: list[list[int]], n_rows: int, settings: SurrogateSettings
) -> NDArray[np.int64]:
    """Terms that stay within one group, of higher degree than terms of all variables could have."""
    blocks = [np.zeros((1, n_variables), np.int64)]
    for group in groups:
        own = degrees_up_to(len(group), n_rows // (2 * len(groups)), settings)[1:]
        block = np.zeros((len(own), n_variables), np.int64)
        block[:, group] = own
        blocks.append(block)
    return np.concatenate(blocks)


def _part(state: State, surrogate: Polynomial, group: list[int]) -> State:
    own = np.any(surrogate.degrees[:, group] > 0, axis=1)
    only = replace(surrogate, coefficients=np.where(own, surrogate.coefficients, 0.0))
    values = only.outputs(state.X)
    target = np.exp(values - np.median(values)) if surrogate.output.is_logarithm else values
    return _of_group(state, group, target)


def _of_group(state: State, group: Sequence[int], target: Array) -> State:
    """The part that some of the variables have in the target."""
    return state.without(tuple(i for i in range(state.n_variables) if i not in group)).part(target)
