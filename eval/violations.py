"""What of a front breaks the wishes of its user, told from the texts of the equations and what they predict.

Nothing of what the search itself checks with is used: texts are read by Python's own parser, powers are
collected by SymPy, units are computed by pint, and shapes are looked at where thousands of points lie.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pint
import scipy.special
import sympy
from numpy.typing import NDArray

from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

# Shapes are looked at this many points, and hold but for this share of the largest value.
_N_POINTS, _ROUNDING = 5_000, 1e-6
# How far away a limit is reached, in ranges of the column, and up to which share of the largest value.
_FAR, _REACHED = 1e12, 0.02
_NEAR = 1e-9

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in ("abs", "sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "minimum",
                 "maximum", "mod", "sign", "floor", "ceil")
} | {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "round": np.rint,
    "less": lambda a, b: np.where(a < b, 1.0, 0.0), "greater": lambda a, b: np.where(a > b, 1.0, 0.0),
    "step": lambda a: np.where(a > 0, 1.0, 0.0), "where": lambda c, a, b: np.where(c != 0, a, b),
    "gamma": scipy.special.gamma, "loggamma": scipy.special.gammaln, "erf": scipy.special.erf,
    "bessel_j0": scipy.special.j0, "bessel_j1": scipy.special.j1,
    "bessel_y0": scipy.special.y0, "bessel_y1": scipy.special.y1,
}  # fmt: skip
_GROUPS = {
    "arithmetic": "add sub mul div neg inv",
    "powers": "pow sqrt square cube",
    "trigonometric": "sin cos tan asin acos atan",
    "exponential": "exp log",
    "hyperbolic": "sinh cosh tanh",
    "piecewise": "abs minimum maximum mod less greater where sign step floor ceil round",
    "special": "gamma loggamma erf bessel_j0 bessel_j1 bessel_y0 bessel_y1",
}
_SYMBOLS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow", "**": "pow"}
# What may be said with what is named.
_SAID = {"add": "sub neg", "sub": "add neg", "mul": "neg square cube", "div": "inv",
         "pow": "square cube sqrt inv"}  # fmt: skip
_SIGNS = (ast.Add, ast.Sub)
_RATIOS = (ast.Mult, ast.Div)


def violations(
    model: SymbolicRegressor, X: pd.DataFrame, parameters: Mapping[str, Any], told: Mapping[str, Any]
) -> list[str]:
    """What of a fitted front is not as it was asked for, a line each.

    Args:
        model: Fitted.
        X: The table that it was fitted to.
        parameters: The wishes: parameters of the estimator.
        told: Further arguments of `fit`.
    """
    found = list(_of_front(model, parameters))
    columns = X if model.category_ is None else X.drop(columns=model.category_.name)
    groups = [None] if model.category_ is None else list(model.category_.groups)
    for group in groups:
        own = model if group is None else model.of_group(group)
        for row, text in enumerate(own.equations()):
            equation = _Equation(own, row, text, columns)
            said = [*equation.of_limits(parameters), *equation.of_values(parameters)]
            if told.get("X_units") and not any("unit" in note for note in model.warnings_):
                said += equation.of_units(told)
            found += [f"row {row}{'' if group is None else f' of {group}'}: {one}: {text}" for one in said]
    return found


def _of_front(model: SymbolicRegressor, parameters: Mapping[str, Any]) -> Iterator[str]:
    table = model.equations_
    if len(table) > parameters.get("n_equations", math.inf):
        yield f"{len(table)} rows"
    if not 0 <= model.best_index_ < len(table):
        yield f"row {model.best_index_} is chosen, which is not there"
    if (table["complexity"] > parameters.get("max_complexity", math.inf)).any():
        yield f"complexity {table['complexity'].max()}"
    if parameters.get("loss", model.loss_) != model.loss_:
        yield f"loss {model.loss_}"
    wanted = parameters.get("stop_when")
    if model.ended_ == "stopped" and isinstance(wanted, Mapping) and not parameters.get("denoise"):
        is_met = table["r2"] >= wanted["r2"] - 1e-9
        if not (is_met & (table["complexity"] <= wanted.get("complexity", math.inf))).any():
            yield "stopped without an equation that is good enough"


class _Equation:
    """A row of a front.

    Args:
        model: Whose row.
        row: Which.
        text: Its equation.
        columns: The table, without the column that tells groups.
    """

    def __init__(self, model: SymbolicRegressor, row: int, text: str, columns: pd.DataFrame) -> None:
        self._model, self._row, self._columns = model, row, columns
        self._tree = ast.parse(text, mode="eval").body
        words, own = model.names_.identifiers, model.names_.columns
        self._called = dict(zip(words, own, strict=True))
        self._known = {one.identifier: one.value for one in model.named_constants_}
        self._nodes = list(ast.walk(self._tree))
        self._used = {self._called[node.id] for node in self._nodes if _is_name(node, self._called)}

    def of_limits(self, wishes: Mapping[str, Any]) -> Iterator[str]:
        """What limits rule out."""
        if missing := set(wishes.get("required", ())) - self._used:
            yield f"lacks {sorted(missing)}"
        if there := set(wishes.get("forbidden", ())) & self._used:
            yield f"has {sorted(there)}"
        if (depth := _depth(self._tree)[0]) > wishes.get("max_depth", math.inf):
            yield f"depth {depth}"
        constants = list(_constants(self._tree, {1.0}))
        if len(constants) > wishes.get("max_constants", math.inf):
            yield f"{len(constants)} constants"
        if (bounds := wishes.get("constant_bounds")) is not None:
            for value, signs in constants:
                if not any(bounds[0] <= sign * value <= bounds[1] for sign in signs):
                    yield f"constant {value} is out of bounds"
        yield from self._of_operators(wishes)
        for outer, inners in wishes.get("nesting", {}).items():
            for inner, most in inners.items():
                if (times := _deepest(self._tree, outer, inner)) > most:
                    yield f"{inner} stands {times} times in {outer}"
        if (exponents := wishes.get("exponents")) is not None:
            yield from self._of_exponents([1.0, *exponents])

    def of_values(self, wishes: Mapping[str, Any]) -> Iterator[str]:
        """Whether it predicts what it says, and has the shape that it should have."""
        complete = self._columns.dropna()
        if not len(complete):
            return
        predicted = np.asarray(self._model.predict(complete, index=self._row), dtype=np.float64)
        values = self._value({word: complete[own].to_numpy() for word, own in self._called.items()})
        is_number = np.isfinite(values) & np.isfinite(predicted)
        size = np.max(np.abs(predicted[is_number]), initial=1e-300)
        off = np.abs(predicted - values)[is_number]
        if len(off) and np.mean(off > _ROUNDING * size) > 0.02:
            yield f"predicts other values than it says, by {np.max(off):.3g}"
        template = wishes.get("template")
        if template and (match := re.fullmatch(r"f\((.+)\) \+ g\((.+)\)|f\((.+)\)\*g\((.+)\)", template)):
            yield from self._of_parts(match, complete)
        for text in wishes.get("shape", ()):
            yield from self._of_shape(text, wishes.get("domain", {}))

    def of_units(self, told: Mapping[str, Any]) -> Iterator[str]:
        """Whether the units of its value are those of the target; constants have none, where units matter."""
        if self._model.constant_units != "dimensionless" or self._known:
            return
        registry = pint.UnitRegistry()
        units = {word: registry.Quantity(1.7, told["X_units"][own]) for word, own in self._called.items()}
        try:
            value = _unit(self._tree, units, registry)
            if value.dimensionality != registry.Quantity(1, told["y_units"]).dimensionality:
                yield f"unit {value.units}"
        except pint.DimensionalityError as error:
            yield f"units: {error}"

    def _of_operators(self, wishes: Mapping[str, Any]) -> Iterator[str]:
        named = _read(wishes.get("operators"))
        forbidden = _read(wishes.get("without", ())) or set()
        if named is not None:
            for name in list(named):
                named.update(_SAID.get(name, "").split())
            named |= {"div"} if {"inv", "mul"} <= named else set()

        def has(*names: str) -> bool:
            return any(name not in forbidden and (named is None or name in named) for name in names)

        for node in self._nodes:
            if (what := _missing(node, has, forbidden)) is not None:
                yield f"has {what}"

    def _of_exponents(self, allowed: Sequence[float]) -> Iterator[str]:
        expression = self._model.sympy(self._row)
        for power in expression.atoms(sympy.Pow):
            exponent = power.exp
            if not exponent.is_number or all(abs(float(exponent) - one) > 1e-9 for one in allowed):
                yield f"exponent {exponent}"

    def _of_parts(self, match: re.Match[str], table: pd.DataFrame) -> Iterator[str]:
        """Whether a sum, or a product, of functions of two columns is one."""
        a, b = (word.strip("`") for word in match.groups() if word)
        rng = np.random.default_rng(0)
        rows = table.iloc[rng.integers(len(table), size=200)]
        others = table.iloc[rng.integers(len(table), size=200)]
        swapped = [rows, rows.assign(**{b: others[b].to_numpy()}), rows.assign(**{a: others[a].to_numpy()})]
        swapped.append(swapped[1].assign(**{a: others[a].to_numpy()}))
        own, first, second, both = (self._predicted(frame) for frame in swapped)
        sides = (own + both, first + second) if match[1] else (own * both, first * second)
        off, size = np.abs(sides[0] - sides[1]), np.abs(sides[0]) + np.abs(sides[1])
        if np.any(off[np.isfinite(off)] > 1e-6 * np.max(size[np.isfinite(size)], initial=1e-300)):
            yield "is not of the template"

    def _of_shape(self, text: str, domain: Mapping[str, tuple[float, float]]) -> Iterator[str]:
        if any("no equation has" in note for note in self._model.warnings_):
            return
        complete = self._columns.dropna()
        low, high = (end.to_numpy(dtype=np.float64).copy() for end in (complete.min(), complete.max()))
        names = list(self._columns)
        for column, ends in domain.items():
            low[names.index(column)], high[names.index(column)] = ends
        margin, size = self._margin(text, pd.Series(low, names), pd.Series(high, names))
        if not margin >= -_ROUNDING * size:
            yield f"{text!r} fails by {-margin:.3g} of {size:.3g}"

    def _margin(self, text: str, low: pd.Series, high: pd.Series) -> tuple[float, float]:
        """By how much a shape holds where it holds least, and how large values are."""
        rng = np.random.default_rng(1)
        drawn = rng.uniform(low, high, (_N_POINTS, len(low)))
        points = pd.DataFrame(drawn, columns=low.index)
        if match := re.fullmatch(r"f -> (\S+) as (.+) -> (\S+)", text):
            there = points.assign(
                **{match[2]: float(match[3] + "0") if "inf" not in match[3] else _far(match, low, high)}
            )
            own, far = self._predicted(points), self._predicted(there)
            size = float(np.max(np.abs(own - float(match[1]))))
            return _REACHED * size - float(np.max(np.abs(far - float(match[1])))), size
        if match := re.fullmatch(r"symmetric in (.+), (.+)", text):
            pair = [match[1], match[2]]
            ends = low[pair].min(), high[pair].max()
            points = points.assign(**{name: rng.uniform(*ends, _N_POINTS) for name in pair})
            other = points.assign(**{pair[0]: points[pair[1]], pair[1]: points[pair[0]]})
            return self._same(points, other, 1.0)
        if match := re.fullmatch(r"(even|odd) in (.+)", text):
            other = points.assign(**{match[2]: -points[match[2]]})
            return self._same(points, other, 1.0 if match[1] == "even" else -1.0)
        if match := re.fullmatch(r"(\w+) in (.+)", text):
            return self._slope(match[1], match[2], points, low, high)
        values = self._predicted(points)
        numbers = [float(one) for one in re.findall(r"-?\d[\d.e+-]*", text)]
        ends = (numbers[0], math.inf) if len(numbers) == 1 else (numbers[0], numbers[1])
        return float(np.min(np.minimum(values - ends[0], ends[1] - values))), float(np.max(np.abs(values)))

    def _slope(
        self, course: str, column: str, points: pd.DataFrame, low: pd.Series, high: pd.Series
    ) -> tuple[float, float]:
        rng = np.random.default_rng(2)
        ends = np.sort(rng.uniform(low[column], high[column], (2, len(points))), axis=0)
        first, last = (self._predicted(points.assign(**{column: end})) for end in ends)
        size = float(np.max(np.abs([first, last])))
        if course in ("increasing", "decreasing"):
            return float(np.min(last - first) if course == "increasing" else np.min(first - last)), size
        middle = self._predicted(points.assign(**{column: ends.mean(axis=0)}))
        bend = (first + last) / 2 - middle
        return float(np.min(bend) if course == "convex" else np.min(-bend)), size

    def _same(self, points: pd.DataFrame, other: pd.DataFrame, sign: float) -> tuple[float, float]:
        own, mirrored = self._predicted(points), self._predicted(other)
        return -float(np.max(np.abs(own - sign * mirrored))), float(np.max(np.abs(own)))

    def _predicted(self, points: pd.DataFrame) -> Array:
        return np.asarray(self._model.predict(points, index=self._row), dtype=np.float64)

    def _value(self, columns: Mapping[str, Array]) -> Array:
        n_rows = len(next(iter(columns.values())))
        with np.errstate(all="ignore"):
            return np.broadcast_to(_computed(self._tree, {**columns, **self._known}), n_rows)


def _far(match: re.Match[str], low: pd.Series, high: pd.Series) -> float:
    size = max(abs(low[match[2]]), abs(high[match[2]]), 1.0)
    return math.copysign(_FAR * size, float(match[3]))


def _is_name(node: ast.AST, words: Mapping[str, Any]) -> bool:
    return isinstance(node, ast.Name) and node.id in words


def _computed(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of an equation by NumPy and SciPy."""
    match node:
        case ast.Constant(value=value):
            return np.float64(value)
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(operand=operand):
            return -_computed(operand, names)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_computed(one, names) for one in arguments))
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _computed(left, names), _computed(right, names)
            return {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide,
                    ast.Pow: np.power}[type(op)](a, b)  # fmt: skip
    raise ValueError(f"{ast.dump(node)} is of no equation")


def _unit(node: ast.expr, names: Mapping[str, Any], registry: pint.UnitRegistry) -> Any:
    """A quantity that has the unit of an equation; zero stands for any."""
    match node:
        case ast.Constant(value=value):
            return registry.Quantity(float(value), "")
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(operand=operand):
            return -_unit(operand, names, registry)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            own = [_unit(one, names, registry) for one in arguments]
            return _unit_of_call(name, own, registry)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _unit(left, names, registry), _unit(right, names, registry)
            if isinstance(op, _SIGNS):
                return a + b
            if isinstance(op, _RATIOS):
                return registry.Quantity(1.7, (a * b if isinstance(op, ast.Mult) else a / b).units)
            if isinstance(right, ast.Constant | ast.UnaryOp):
                return registry.Quantity(1.7, a.units ** float(b.magnitude))
            return registry.Quantity(1.7, (a.to("") * b.to("")).units)
    raise ValueError(f"{ast.dump(node)} is of no equation")


def _unit_of_call(name: str, own: list[Any], registry: pint.UnitRegistry) -> Any:
    if name in ("abs", "floor", "ceil", "round"):
        return own[0]
    if name == "sqrt":
        return registry.Quantity(1.7, own[0].units ** 0.5)
    if name in ("minimum", "maximum", "mod", "where", "less", "greater"):
        others = own[-2:]
        if all(one.magnitude != 0 for one in others):
            _ = others[0] + others[1]
        unit = next((one for one in others if one.magnitude != 0), others[0])
        return registry.Quantity(1.7, "") if name in ("less", "greater") else unit
    if name in ("sign", "step"):
        return registry.Quantity(1.7, "")
    return registry.Quantity(1.7, own[0].to("").units)


def _read(words: Any) -> set[str] | None:
    """Names of operators that names, symbols and groups stand for."""
    if words is None:
        return None
    found: set[str] = set()
    for word in [words] if isinstance(words, str) else words:
        found.update(_GROUPS.get(word, _SYMBOLS.get(word, word)).split())
    return found


def _missing(node: ast.AST, has: Callable[..., bool], forbidden: set[str]) -> str | None:
    """The operator that a node has and that may not be there, if there is one."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return None if has(name) or (name == "sqrt" and has("pow")) else name
        case ast.UnaryOp(operand=ast.Constant()):
            return None
        case ast.UnaryOp():
            return None if has("add", "sub", "mul", "neg") else "neg"
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return None if has("add", "sub") else "add"
        case ast.BinOp(op=ast.Mult()):
            return None if has("mul") else "mul"
        case ast.BinOp(left=left, op=ast.Div()):
            is_inverse = isinstance(left, ast.Constant) and left.value == 1
            return None if has("div") or (is_inverse and has("inv")) else "div"
        case ast.BinOp(op=ast.Pow(), right=right):
            return _missing_power(right, has, forbidden)
    return None


def _missing_power(exponent: ast.expr, has: Callable[..., bool], forbidden: set[str]) -> str | None:
    value = _number(exponent)
    own = {2.0: "square", 3.0: "cube", 0.5: "sqrt", -1.0: "inv"}.get(value or 0.0)
    if own in forbidden:
        return own
    if value is None:
        return None if has("pow") else "pow"
    is_said = has("mul") and (value > 0 or has("inv", "div"))
    is_said &= value.is_integer() or (has("sqrt") and (2 * value).is_integer())
    return (
        None
        if has("pow")
        or (own is not None and has(own))
        or (is_said and own)
        or (is_said and "pow" not in forbidden)
        else f"power {value}"
    )


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return -float(node.operand.value)
    return None


def _kind(node: ast.expr) -> str:
    """Whether a node is a sum, a product, or neither."""
    if isinstance(node, ast.BinOp):
        return "sum" if isinstance(node.op, _SIGNS) else "product" if isinstance(node.op, _RATIOS) else ""
    return ""


def _depth(node: ast.expr) -> tuple[int, str]:
    """Levels of an equation, and of which kind the first is."""
    if isinstance(node, ast.UnaryOp):
        return _depth(node.operand)
    children = _children(node)
    if not children:
        return 1, ""
    own = _kind(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _number(node.left) == 1:
        children = [node.right]
    return 1 + max(level - (bool(own) and kind == own) for level, kind in map(_depth, children)), own


def _children(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    return list(node.args) if isinstance(node, ast.Call) else []


def _constants(node: ast.expr, signs: set[float]) -> Iterator[tuple[float, set[float]]]:
    """Constants that are not of the form, with the signs that they may be read with."""
    match node:
        case ast.Constant(value=value):
            yield float(value), signs
        case ast.UnaryOp(operand=operand):
            yield from _constants(operand, {-sign for sign in signs})
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            yield from _constants(left, signs)
            yield from _constants(right, {-sign for sign in signs})
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            yield from _constants(left, {1.0})
            exponent = _number(right)
            if exponent is None or Fraction(exponent).limit_denominator(12) != Fraction(exponent):
                yield from _constants(right, {1.0})
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            if not (isinstance(op, ast.Div) and _number(left) == 1):
                yield from _constants(left, signs if _kind(left) != "sum" else {*signs, 1.0})
            yield from _constants(right, {*signs, 1.0})
        case ast.BinOp(left=left, right=right):
            yield from _constants(left, signs)
            yield from _constants(right, signs)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            for one in arguments:
                if not (name in ("minimum", "maximum") and _number(one) == 0):
                    yield from _constants(one, {1.0})


def _deepest(tree: ast.expr, outer: str, inner: str) -> int:
    """How often an operator stands, one below the other, in arguments of another one."""

    def below(node: ast.expr) -> int:
        counts = [below(child) for child in _children(node)]
        if isinstance(node, ast.UnaryOp):
            counts = [below(node.operand)]
        return max(counts, default=0) + (inner in _names(node))

    return max(
        (
            max((below(child) for child in _children(node)), default=0)
            for node in ast.walk(tree)
            if isinstance(node, ast.expr) and outer in _names(node)
        ),
        default=0,
    )


def _names(node: ast.expr) -> tuple[str, ...]:
    """What the operator of a node is called."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return (name,)
        case ast.BinOp(op=ast.Add()):
            return ("add",)
        case ast.BinOp(op=ast.Mult()):
            return ("mul",)
        case ast.BinOp(left=left, op=ast.Div()):
            return ("inv", "div") if _number(left) == 1 else ("div",)
        case ast.BinOp(op=ast.Pow(), right=right):
            own = {2.0: "square", 3.0: "cube"}.get(_number(right) or 0.0)
            return ("pow",) if own is None else (own,)
    return ()
