"""Which equations may be looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.expressions import algebra
from nsr.expressions.expression import PLACEHOLDER, Expression, Token, is_variable, subtree_end
from nsr.expressions.nodes import FUNCTION, PRODUCT, SUM, Node, NotFinite
from nsr.expressions.operator_set import ALL_OPERATORS, OperatorSet
from nsr.expressions.operators import OPERATORS
from nsr.expressions.shape import Shape
from nsr.expressions.units import Units

# Exponents that differ by less than this are the same.
_SAME = 1e-9
# What terms are made of.
_PRODUCTS = frozenset({"neg", "inv", "div", "mul"})
# Sums are a level of a tree however many terms they have, and so are products and ratios.
_LEVELS = {"add": "sum", "sub": "sum", "mul": "product", "div": "product", "inv": "product"}
# What else the name of an operator stands for where nesting is told: a fitted constant may turn a sum into a
# difference, 1/x is a ratio, and squares are powers.
_SAME_SIGN = {"add": ("sub",), "sub": ("add",), "div": ("inv",), "pow": ("square", "cube")}


@dataclass(frozen=True)
class SearchSpace:
    """What a search may propose; nothing else is kept, and evolution makes nothing else.

    Attributes:
        units: Of the variables and the target; None where units do not matter.
        operators: Which operators an equation may have.
        max_complexity: Largest complexity, by `costs`.
        max_depth: Levels of the tree at most: a variable or a constant is one, each function of it one more.
            A sum counts as one level however many terms it has, and so does a product or a ratio.
        max_constants: Constants at most; exponents such as 2 or 1/2, and the 0 of maximum(x, 0), are not
            counted, as they belong to the form.
        costs: Complexity of operators, of variables (`x_0`, ...), and of each `constant` and `variable`,
            where it is not what the operator table says, or 1.
        exponents: Which fixed exponents powers may have besides 1, those of ratios (-1) and roots included;
            None for any.
        nesting: How often at most an operator stands, one below the other, in the argument of another, by the
            outer one and the inner one (`deepest`).
        max_argument: Largest complexity of an argument of functions, by their names, in the same costs.
        required: Variables that every equation has.
        constant_bounds: Smallest and largest constant, the minus sign before a term being that of its
            constants; exponents that belong to the form may be others. Fits keep to them, and they are looked
            at where constants are fitted (`nsr.evaluate.shape_checks.allowed`).
        shape: What is known of the function's course, which constants decide upon; looked at there, too.
    """

    units: Units | None = None
    operators: OperatorSet = ALL_OPERATORS
    max_complexity: float | None = None
    max_depth: int | None = None
    max_constants: int | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    exponents: frozenset[float] | None = None
    nesting: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    max_argument: Mapping[str, float] = field(default_factory=dict)
    required: frozenset[int] = frozenset()
    constant_bounds: tuple[float, float] | None = None
    shape: Shape | None = None

    @cached_property
    def is_limited(self) -> bool:
        """Whether anything but units rules equations out."""
        return replace(self, units=None, costs={}) != SearchSpace()

    def allows(self, expression: Expression) -> bool:
        """Whether an equation may be looked at, whatever its constants and its shape are."""
        if self.units is not None and not self.units.allow(expression):
            return False
        return not self.is_limited or self._keeps_limits(expression)

    def _keeps_limits(self, expression: Expression) -> bool:
        return (
            (self.max_complexity is None or self.complexity(expression) <= self.max_complexity)
            and (self.max_constants is None or n_constants(expression) <= self.max_constants)
            and self.operators.allows(expression)
            and self.required.issubset(expression.variables)
            and (self.max_depth is None or depth(expression) <= self.max_depth)
            and all(
                deepest(expression, outer, inner) <= most
                for outer, inners in self.nesting.items()
                for inner, most in inners.items()
            )
            and (not self.max_argument or self._has_short_arguments(expression))
            and (self.exponents is None or self._has_its_exponents(expression))
        )

    def complexity(self, expression: Expression) -> float:
        """Complexity of an equation, in the costs of this space."""
        if not self.costs:
            return expression.complexity
        return sum(self._cost(token) for token in expression.tokens)

    def _cost(self, token: Token) -> float:
        if not isinstance(token, str) or token == PLACEHOLDER:
            return self.costs.get("constant", 1)
        if is_variable(token):
            return self.costs.get(token, self.costs.get("variable", 1))
        return self.costs.get(token, OPERATORS[token].complexity)

    def allows_constants(self, expression: Expression) -> bool:
        """Whether all constants of an equation are within their bounds."""
        if self.constant_bounds is None:
            return True
        low, high = self.constant_bounds
        pairs = zip(expression.constants, signs_of_constants(expression), strict=True)
        return all(low <= sign * value <= high for value, sign in pairs)

    def _has_short_arguments(self, expression: Expression) -> bool:
        """Whether no argument of a function is more complex than those of this one may be."""
        return all(
            self.complexity(argument) <= self.max_argument[str(part.tokens[0])]
            for part in expression.subexpressions()
            if part.tokens[0] in self.max_argument
            for argument in part.children
        )

    def _has_its_exponents(self, expression: Expression) -> bool:
        """Whether all powers have exponents that are allowed, in the form in which they are collected."""
        assert self.exponents is not None
        try:
            found = list(_exponents(algebra.from_expression(expression)))
        except NotFinite:
            return False
        return all(any(abs(e - own) <= _SAME for own in (1.0, *self.exponents)) for e in found)

    def kept(self, before: Expression, after: Expression) -> Expression:
        """Another form of an equation, unless that is not allowed and the equation was."""
        return before if self.is_limited and not self.allows(after) and self.allows(before) else after

    @property
    def stated_limits(self) -> frozenset[float]:
        """The sizes of the limits that its shape states, but for zero."""
        return frozenset() if self.shape is None else self.shape.limits

    @property
    def of_parts(self) -> SearchSpace:
        """What rules out a part of an equation, whatever it is a part of and in which variables."""
        return SearchSpace(operators=self.operators, nesting=self.nesting)

    def scaled(self, x_scale: NDArray[np.float64], y_scale: float) -> SearchSpace:
        """What rules out equations of variables and a target that are divided by these scales.

        Args:
            x_scale: Shape (D,), positive; 1 where constants have bounds, which are those of the user's units.
            y_scale: Positive; the same.
        """
        return self if self.shape is None else replace(self, shape=self.shape.scaled(x_scale, y_scale))


def depth(expression: Expression) -> int:
    """Levels of an equation's tree, as `SearchSpace.max_depth` counts them."""
    heights: list[tuple[int, str]] = []
    for token in reversed(expression.tokens):
        operator = OPERATORS.get(token) if isinstance(token, str) else None
        if operator is None:
            heights.append((1, ""))
            continue
        if operator.name == "neg":  # a sign
            continue
        kind = _LEVELS.get(operator.name, "")
        arguments = [heights.pop() for _ in range(operator.arity)]
        inside = max(height - (bool(kind) and own == kind) for height, own in arguments)
        heights.append((inside + 1, kind))
    return heights[0][0]


def n_constants(expression: Expression) -> int:
    """Constants of an equation, those included that something is compared with."""
    tokens = expression.tokens
    compared = sum(
        not isinstance(tokens[place], str)
        for i, token in enumerate(tokens)
        if token in ("less", "greater")
        for place in (i + 1, subtree_end(tokens, i + 1))
    )
    return len(expression.free_positions) + compared


def signs_of_constants(expression: Expression) -> tuple[float, ...]:
    """For each free constant -1 where it is in a term that is subtracted, and 1 elsewhere.

    A minus before any factor of a term is one before the term; a sum that is a factor has signs of its own.
    """
    signs: dict[int, float] = {}
    _sign(expression.tokens, 0, 1.0, False, signs)
    return tuple(signs[place] for place in expression.free_positions)


def _sign(tokens: Sequence[Token], place: int, sign: float, is_factor: bool, signs: dict[int, float]) -> int:
    """Notes the signs of the leaves of a subtree; its end."""
    token = tokens[place]
    operator = OPERATORS.get(token) if isinstance(token, str) else None
    if operator is None:
        signs[place] = sign
        return place + 1
    if operator.name in _PRODUCTS:
        if not is_factor:
            sign *= _minuses(tokens, place)[0]
        own = {"neg": (sign,), "inv": (1.0,), "div": (sign, 1.0), "mul": (sign, sign)}[operator.name]
    else:
        own = tuple(sign * weight for weight in operator.weights) or (1.0,) * operator.arity
    end = place + 1
    is_of_sum = operator.name not in _PRODUCTS or (operator.name == "neg" and not is_factor)
    for one in own:
        is_sum = tokens[end] in ("add", "sub")
        end = _sign(tokens, end, one if is_of_sum or not is_sum else 1.0, operator.name in _PRODUCTS, signs)
    return end


def _minuses(tokens: Sequence[Token], place: int) -> tuple[float, int]:
    """The sign that a term has from the minuses before its factors, and its end."""
    token = tokens[place]
    if token not in _PRODUCTS:
        return 1.0, subtree_end(tokens, place)
    sign, end = -1.0 if token == "neg" else 1.0, place + 1
    for _ in range(OPERATORS[str(token)].arity):
        factor, end = _minuses(tokens, end)
        sign *= factor
    return sign, end


def deepest(expression: Expression, outer: str, inner: str) -> int:
    """How often an operator stands, one below the other, in an argument of another one, at most.

    Names stand for all that is written with their sign: `add` and `sub` for sums and differences, `div` for
    1/x, too, and `pow` for squares and cubes.
    """
    tokens = expression.tokens
    counts: list[int] = []  # of the inner one on the way down from each place
    worst = 0
    for place in range(len(tokens) - 1, -1, -1):
        operator = OPERATORS.get(str(tokens[place]))
        below = max((counts.pop() for _ in range(0 if operator is None else operator.arity)), default=0)
        if _is_called(tokens, place, outer):
            worst = max(worst, below)
        counts.append(below + _is_called(tokens, place, inner))
    return worst


def _is_called(tokens: Sequence[Token], place: int, name: str) -> bool:
    """Whether the name of an operator stands for what is at a place."""
    token = tokens[place]
    if token == name or token in _SAME_SIGN.get(name, ()):
        return True
    if name == "inv":  # as by a constant that is 1 in one of the groups
        return token == "div" and tokens[place + 1] in (1.0, -1.0)
    exponent = {"square": 2.0, "cube": 3.0}.get(name)
    return token == "pow" and exponent is not None and tokens[subtree_end(tokens, place + 1)] == exponent


def _exponents(node: Node) -> Iterator[float]:
    """Exponents of all powers in a canonical form; NaN where one is not fixed."""
    kind = node.kind
    if kind == PRODUCT:
        for _, exponent in node.factors:
            yield exponent
    elif node.is_function("pow"):
        yield math.nan
    if kind in (SUM, PRODUCT, FUNCTION):
        for part in node.parts:
            yield from _exponents(part)
