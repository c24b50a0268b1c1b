"""What users allow equations to be, in the names of their columns: parameters in, a search space out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

from nsr.data.names import Names
from nsr.expressions.expression import VARIABLE_PREFIX, is_variable
from nsr.expressions.operator_set import OperatorSet, operator_name
from nsr.expressions.space import SearchSpace

# Keys of `complexity` that are neither operators nor columns.
_LEAVES = ("constant", "variable")
# Operators that are one way of several to write an equation.
_WITHOUT_ARGUMENTS = frozenset({"add", "sub", "neg", "mul", "div", "inv", "pow", "square", "cube", "sqrt"})
# Parameters of estimators that are limits.
PARAMETERS = (
    "operators", "without", "max_complexity", "max_depth", "max_constants", "complexity", "exponents",
    "nesting", "max_argument", "required", "forbidden", "constant_bounds",
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Limits over all columns of a table.

    Attributes:
        space: What they rule out.
        forbidden: Columns that no equation has.
    """

    space: SearchSpace
    forbidden: frozenset[int] = frozenset()

    def over(self, columns: Collection[int], names: Names) -> SearchSpace:
        """The space over those columns that are used.

        Args:
            columns: Their places in the table, in order.
            names: Of all columns.

        Raises:
            ValueError: If a column that is required is not among them.
        """
        places = {int(column): place for place, column in enumerate(columns)}
        missing = [names.columns[column] for column in self.space.required if column not in places]
        if missing:
            raise ValueError(
                f"required={missing!r}: what is constant or repeats another column is in no equation; leave "
                "it out of required"
            )
        costs = {
            f"{VARIABLE_PREFIX}{places[int(word[2:])]}" if is_variable(word) else word: cost
            for word, cost in self.space.costs.items()
            if not is_variable(word) or int(word[2:]) in places
        }
        required = frozenset(places[column] for column in self.space.required)
        return replace(self.space, costs=costs, required=required)


def limits_of(estimator: object, names: Names) -> Limits:
    """The limits that an estimator's parameters of these names (`PARAMETERS`) set; it may lack some."""
    return read_limits(names, **{p: getattr(estimator, p) for p in PARAMETERS if hasattr(estimator, p)})


def read_limits(
    names: Names,
    *,
    operators: Iterable[str] | None = None,
    without: Iterable[str] = (),
    max_complexity: float | None = None,
    max_depth: int | None = None,
    max_constants: int | None = None,
    complexity: Mapping[str, float] | None = None,
    exponents: Iterable[float] | None = None,
    nesting: Mapping[str, Mapping[str, int]] | None = None,
    max_argument: Mapping[str, float] | None = None,
    required: Iterable[str] = (),
    forbidden: Iterable[str] = (),
    constant_bounds: tuple[float, float] | None = None,
) -> Limits:
    """Reads limits, as `nsr.regressor.SymbolicRegressor` describes them.

    Args:
        names: The columns, by which users call variables.
        operators: Names, symbols or groups of operators that equations may have.
        without: The same of those that they may not have.
        max_complexity: Largest complexity.
        max_depth: Most levels.
        max_constants: Most constants.
        complexity: Costs by operator, column, `constant` or `variable`.
        exponents: Exponents that powers may have.
        nesting: For an operator, how often another one may stand in its argument.
        max_argument: Largest complexity of an argument, by the function.
        required: Columns that every equation has.
        forbidden: Columns that none has.
        constant_bounds: Smallest and largest constant.

    Raises:
        ValueError: If a name is unknown or a number makes no sense; the message says which.
    """
    wanted, left_out = _places(required, names, "required"), _places(forbidden, names, "forbidden")
    if both := wanted & left_out:
        raise ValueError(f"column {names.columns[min(both)]!r} is both required and forbidden")
    if len(left_out) == len(names.columns):
        raise ValueError("all columns are forbidden: leave one out of forbidden")
    space = SearchSpace(
        operators=OperatorSet.of(operators, without),
        max_complexity=None if max_complexity is None else _number("max_complexity", max_complexity, 1),
        max_depth=None if max_depth is None else _whole("max_depth", max_depth, 1),
        max_constants=None if max_constants is None else _whole("max_constants", max_constants, 0),
        costs=_costs(complexity or {}, names),
        exponents=None if exponents is None else frozenset(_finite("exponents", e) for e in exponents),
        nesting=_nesting(nesting or {}),
        max_argument=_arguments(max_argument or {}),
        required=wanted,
        constant_bounds=_bounds(constant_bounds),
    )
    return Limits(space, left_out)


def _places(columns: Iterable[str], names: Names, what: str) -> frozenset[int]:
    own = [columns] if isinstance(columns, str) else list(columns)
    try:
        return frozenset(names.place(column) for column in own)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _costs(complexity: Mapping[str, float], names: Names) -> dict[str, float]:
    """Costs by token."""
    found: dict[str, float] = {}
    for word, cost in complexity.items():
        if word in names.words:
            token = f"{VARIABLE_PREFIX}{names.place(word)}"
        else:
            token = word if word in _LEAVES else operator_name(word, "complexity", (*_LEAVES, *names.columns))
        found[token] = _number(f"complexity of {word!r}", cost, 0)
    return found


def _nesting(nesting: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for outer, inners in nesting.items():
        if not isinstance(inners, Mapping):
            raise ValueError(f"nesting of {outer!r} is a mapping such as {{'sin': 0}}, not {inners!r}")
        own = found.setdefault(operator_name(outer, "nesting"), {})
        for inner, most in inners.items():
            own[operator_name(inner, "nesting")] = _whole(f"nesting of {inner!r} in {outer!r}", most, 0)
    return found


def _arguments(max_argument: Mapping[str, float]) -> dict[str, float]:
    """Largest complexities of arguments, of operators that have arguments however an equation is written."""
    found: dict[str, float] = {}
    if not isinstance(max_argument, Mapping):
        raise ValueError(f"max_argument is a mapping such as {{'exp': 5}}, not {max_argument!r}")
    for word, most in max_argument.items():
        name = operator_name(word, "max_argument")
        if name in _WITHOUT_ARGUMENTS:
            raise ValueError(
                f"max_argument: {word!r} has no arguments of its own, as sums, products and powers can be "
                "written in many ways; limit functions such as exp, max_depth, or exponents"
            )
        found[name] = _number(f"max_argument of {word!r}", most, 1)
    return found


def _bounds(bounds: tuple[float, float] | None) -> tuple[float, float] | None:
    if bounds is None:
        return None
    try:
        low, high = (float(value) for value in bounds)
    except (TypeError, ValueError):
        raise ValueError(f"constant_bounds={bounds!r} must be two numbers, such as (-10, 10)") from None
    if not low < high:
        raise ValueError(f"constant_bounds={bounds!r}: the first one must be less than the second")
    return low, high


def _number(what: str, value: Any, least: float) -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not float(value) >= least:
        raise ValueError(f"{what} must be a number of at least {least}, not {value!r}")
    return int(value) if isinstance(value, Integral) else float(value)


def _whole(what: str, value: Any, least: int) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{what} must be a whole number of at least {least}, not {value!r}")
    return int(value)


def _finite(what: str, value: Any) -> float:
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{what} must be finite numbers, such as (-2, -1, 0.5, 2), not {value!r}")
    return float(value)
