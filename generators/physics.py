"""A compositional prior of what equations of nature are made of.

Products of powers, differences, distances, ratios inside square roots, exponentials and waves of
dimensionless groups, combined freely. Not a list of formulas: every part draws its own variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from nsr.expressions.expression import PLACEHOLDER, Expression, apply, constant, variable

T = TypeVar("T")

_EXPONENTS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 4.0, 1.5)
_EXPONENT_WEIGHTS = np.array([50, 24, 11, 6, 2, 2, 2, 1.5, 1, 0.5])
_ONE = constant(1.0)
_UNKNOWN = Expression((PLACEHOLDER,))


class PhysicsPrior:
    """Draws expressions over given variables; now and then one of them is left out.

    Args:
        rng: Source of randomness.
        constant_rate: How often a spot that can hold a constant gets one.
    """

    def __init__(self, rng: np.random.Generator, constant_rate: float) -> None:
        self.rng = rng
        self.constant_rate = constant_rate
        self._exponent_cuts = np.cumsum(_EXPONENT_WEIGHTS / _EXPONENT_WEIGHTS.sum())
        self._shapes: tuple[tuple[float, Callable[[list[Expression]], Expression]], ...] = (
            (0.22, self._monomial),
            (0.34, self._monomial_times_factor),
            (0.08, self._product_of_factors),
            (0.14, self._sum),
            (0.07, self._ratio_of_sums),
            (0.10, self._factor),
            (0.05, self._function_of_sum),
        )

    def sample(self, n_variables: int) -> Expression:
        """An unsimplified expression of (most of) the variables 0 to n_variables - 1."""
        variables = [variable(int(i)) for i in self.rng.permutation(n_variables)]
        if self._chance(0.2):
            variables.insert(int(self.rng.integers(len(variables) + 1)), self._pick(variables))
        return self._any(variables)

    def _any(self, variables: list[Expression]) -> Expression:
        draw = self.rng.random()
        for weight, shape in self._shapes:
            draw -= weight
            if draw < 0:
                return shape(variables)
        return self._monomial(variables)

    def _monomial(self, variables: Sequence[Expression]) -> Expression:
        result = self._power(variables[0])
        for other in variables[1:]:
            result = apply("mul", result, self._power(other))
        return result

    def _monomial_times_factor(self, variables: list[Expression]) -> Expression:
        if len(variables) == 1:
            return apply("mul", self._power(variables[0]), self._factor(variables))
        front, back = self._split(variables)
        return apply("mul", self._monomial(front), self._factor(back))

    def _product_of_factors(self, variables: list[Expression]) -> Expression:
        front, back = self._split(variables)
        return apply("mul", self._factor(front), self._factor(back))

    def _sum(self, variables: list[Expression]) -> Expression:
        if len(variables) >= 4 and len(variables) % 2 == 0 and self._chance(0.3):
            return self._sum_of_alike(variables)
        parts = self._parts(variables, 2 if self._chance(0.6) else 3)
        terms = [self._monomial(p) if self._chance(0.7) else self._monomial_times_factor(p) for p in parts]
        return self._added([self._with_constant(term) for term in terms])

    def _sum_of_alike(self, variables: list[Expression]) -> Expression:
        """Pairs or single variables entering a sum in the same way, as components of vectors do."""
        pairs = list(zip(variables[::2], variables[1::2], strict=True))
        name = self._pick(("mul", "div", "sub"))
        terms = [apply(name, a, b) for a, b in pairs]
        if name == "sub" or self._chance(0.2):
            terms = [apply("square", term) for term in terms]
        result = self._chained("add", terms)
        return apply("sqrt", result) if self._chance(0.3) else result

    def _ratio_of_sums(self, variables: list[Expression]) -> Expression:
        shared = self._chance(0.5) and len(variables) > 1
        below = variables if shared else self._split(variables)[1]
        above = variables if shared else self._split(variables)[0]
        return apply("div", self._simple_sum(above), self._simple_sum(below))

    def _function_of_sum(self, variables: list[Expression]) -> Expression:
        name = self._pick(("sqrt", "exp", "log", "sin", "cos", "square", "inv", "tanh"))
        return apply(name, self._sum(variables))

    def _factor(self, variables: list[Expression]) -> Expression:
        """A dimensionless-looking factor: one of the families that laws multiply monomials with."""
        family = self._pick(
            (
                self._wave, self._wave, self._exponential, self._exponential, self._one_plus, self._one_plus,
                self._root, self._difference, self._difference, self._norm, self._norm, self._saturation,
            )
        )  # fmt: skip
        return family(variables)

    def _wave(self, variables: list[Expression]) -> Expression:
        argument = self._with_constant(self._phase(variables))
        name = self._pick(("sin", "sin", "cos", "cos", "cos", "tan"))
        wave = apply(name, argument)
        if self._chance(0.2):
            wave = apply("square", wave)
        return apply(self._pick(("add", "sub")), _ONE, wave) if self._chance(0.15) else wave

    def _phase(self, variables: list[Expression]) -> Expression:
        if len(variables) >= 2 and self._chance(0.4):
            return self._simple_sum(variables)
        return self._group(variables)

    def _exponential(self, variables: list[Expression]) -> Expression:
        argument = self._with_constant(self._group(variables))
        if self._chance(0.6):
            argument = apply("neg", argument)
        if self._chance(0.15):
            argument = apply("neg", apply("square", self._group(variables)))
        result = apply("exp", argument)
        if self._chance(0.35):
            result = apply(self._pick(("add", "sub")), result, _ONE)
        return apply("inv", result) if self._chance(0.4) else result

    def _one_plus(self, variables: list[Expression]) -> Expression:
        inner = self._with_constant(self._group(variables))
        if self._chance(0.3):
            inner = apply("mul", inner, self._wave([self._pick(variables)]))
        result = apply(self._pick(("add", "sub")), self._offset(), inner)
        return apply("inv", result) if self._chance(0.4) else result

    def _root(self, variables: list[Expression]) -> Expression:
        inner = self._group(variables)
        if self._chance(0.6):
            inner = apply("square", inner)
        result = apply("sqrt", apply(self._pick(("add", "sub", "sub")), self._offset(), inner))
        return apply("inv", result) if self._chance(0.6) else result

    def _difference(self, variables: list[Expression]) -> Expression:
        if len(variables) == 1:
            return apply(self._pick(("add", "sub")), self._power(variables[0]), self._offset())
        exponent = self._pick((1.0, 1.0, 1.0, 2.0, -1.0))
        terms = [apply("pow", v, constant(exponent)) for v in variables[:3]]
        result = self._added(terms)
        for other in variables[3:]:
            result = apply("mul", result, self._power(other))
        return self._raised(result)

    def _norm(self, variables: list[Expression]) -> Expression:
        squares = [apply("square", v) for v in variables]
        if len(variables) >= 4 and self._chance(0.6):
            squares = [
                apply("square", apply("sub", a, b))
                for a, b in zip(variables[::2], variables[1::2], strict=False)
            ]
            if len(variables) % 2:
                squares.append(apply("square", variables[-1]))
        result = self._chained("add", squares)
        if len(variables) == 2 and self._chance(0.25):
            angle = apply("cos", self._pick(variables))
            cross = apply("mul", apply("mul", variables[0], variables[1]), angle)
            result = apply("sub", result, apply("mul", constant(2.0), cross))
        return apply(self._pick(("sqrt", "inv", "square", "sqrt")), result) if self._chance(0.7) else result

    def _saturation(self, variables: list[Expression]) -> Expression:
        name = self._pick(("log", "log", "tanh", "atan", "asin", "acos", "sinh", "cosh", "abs"))
        inner = self._with_constant(self._group(variables))
        if name == "log" and self._chance(0.3):
            inner = apply("add", _ONE, inner)
        return apply(name, inner)

    def _group(self, variables: Sequence[Expression]) -> Expression:
        """A product or quotient of first powers mostly, as inside functions."""
        result = self._sparing_power(variables[0])
        for other in variables[1:]:
            name = "mul" if self._chance(0.5) else "div"
            result = apply(name, result, self._sparing_power(other))
        return result

    def _simple_sum(self, variables: Sequence[Expression]) -> Expression:
        terms = [self._with_constant(self._group(p)) for p in self._parts(list(variables), 2)]
        if len(terms) == 1:
            terms.append(self._offset())
        return self._added(terms)

    def _added(self, terms: list[Expression]) -> Expression:
        result = terms[0]
        for term in terms[1:]:
            result = apply("add" if self._chance(0.6) else "sub", result, term)
        return result

    def _raised(self, expression: Expression) -> Expression:
        draw = self.rng.random()
        if draw < 0.15:
            return apply("square", expression)
        if draw < 0.25:
            return apply("inv", expression)
        return apply("inv", apply("square", expression)) if draw < 0.28 else expression

    def _power(self, base: Expression) -> Expression:
        exponent = _EXPONENTS[int(np.searchsorted(self._exponent_cuts, self.rng.random()))]
        return base if exponent == 1.0 else apply("pow", base, constant(exponent))

    def _sparing_power(self, base: Expression) -> Expression:
        return apply("square", base) if self._chance(0.12) else base

    def _offset(self) -> Expression:
        return _UNKNOWN if self._chance(self.constant_rate) else _ONE

    def _with_constant(self, expression: Expression) -> Expression:
        return apply("mul", _UNKNOWN, expression) if self._chance(self.constant_rate) else expression

    def _split(self, variables: list[Expression]) -> tuple[list[Expression], list[Expression]]:
        """Two non-empty parts; a single variable goes into both."""
        if len(variables) == 1:
            return variables, variables
        cut = int(self.rng.integers(1, len(variables)))
        return variables[:cut], variables[cut:]

    def _parts(self, variables: list[Expression], n_parts: int) -> list[list[Expression]]:
        """At most n_parts non-empty runs of the variables."""
        n_cuts = min(n_parts, len(variables)) - 1
        cuts = sorted(self.rng.choice(np.arange(1, len(variables)), n_cuts, replace=False)) if n_cuts else []
        bounds = [0, *map(int, cuts), len(variables)]
        return [variables[a:b] for a, b in pairwise(bounds)]

    @staticmethod
    def _chained(name: str, parts: Sequence[Expression]) -> Expression:
        result = parts[0]
        for part in parts[1:]:
            result = apply(name, result, part)
        return result

    def _chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def _pick(self, options: Sequence[T]) -> T:
        return options[int(self.rng.random() * len(options))]
