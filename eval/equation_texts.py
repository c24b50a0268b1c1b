"""Texts of equations as Python's parser reads them: their values, units, operators, depth and constants."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pint
import scipy.special

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
_SIGNS = (ast.Add, ast.Sub)
_RATIOS = (ast.Mult, ast.Div)


def computed(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of an equation by NumPy and SciPy."""
    match node:
        case ast.Constant(value=value):
            return np.float64(_plain(value))
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(operand=operand):
            return -computed(operand, names)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(computed(one, names) for one in arguments))
        case ast.BinOp(left=left, op=op, right=right):
            a, b = computed(left, names), computed(right, names)
            return {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide,
                    ast.Pow: np.power}[type(op)](a, b)  # fmt: skip
    raise ValueError(f"{ast.dump(node)} is of no equation")


def unit_of(node: ast.expr, names: Mapping[str, Any], registry: pint.UnitRegistry[Any]) -> Any:
    """A quantity that has the unit of an equation; zero stands for any."""
    match node:
        case ast.Constant(value=value):
            return registry.Quantity(_plain(value), "")
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(operand=operand):
            return -unit_of(operand, names, registry)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            own = [unit_of(one, names, registry) for one in arguments]
            return _of_call(name, own, registry)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = unit_of(left, names, registry), unit_of(right, names, registry)
            if isinstance(op, _SIGNS):
                return a + b
            if isinstance(op, _RATIOS):
                return registry.Quantity(1.7, (a * b if isinstance(op, ast.Mult) else a / b).units)
            if isinstance(right, ast.Constant | ast.UnaryOp):
                return registry.Quantity(1.7, a.units ** float(b.magnitude))
            return registry.Quantity(1.7, (a.to("") * b.to("")).units)
    raise ValueError(f"{ast.dump(node)} is of no equation")


def _of_call(name: str, own: list[Any], registry: pint.UnitRegistry[Any]) -> Any:
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


def least_complexity(node: ast.expr, of_constant: float) -> float:
    """What an equation's complexity is at least: its nodes, those aside that only belong to a power or sign.

    Args:
        node: The equation.
        of_constant: What a constant costs.
    """
    match node:
        case ast.Constant():
            return of_constant
        case ast.Name():
            return 1
        case ast.UnaryOp(operand=operand):
            return least_complexity(operand, of_constant)
        case ast.Call(args=arguments):
            return 1 + sum(least_complexity(one, of_constant) for one in arguments)
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant() | ast.UnaryOp()):
            return 1 + least_complexity(base, of_constant)
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Div(), right=right):
            return 1 + least_complexity(right, of_constant)
        case ast.BinOp(left=left, right=right):
            return 1 + least_complexity(left, of_constant) + least_complexity(right, of_constant)
    raise ValueError(f"{ast.dump(node)} is of no equation")


def operators_of(words: Any) -> set[str] | None:
    """Names of operators that names, symbols and groups stand for."""
    if words is None:
        return None
    found: set[str] = set()
    for word in [words] if isinstance(words, str) else words:
        found.update(_GROUPS.get(word, _SYMBOLS.get(word, word)).split())
    return found


def missing_operator(node: ast.AST, has: Callable[..., bool], forbidden: set[str]) -> str | None:
    """The operator that a node has and that may not be there, if there is one."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return None if has(name) or (name == "sqrt" and has("pow")) else name
        case ast.UnaryOp(operand=ast.Constant()):
            return None
        case ast.UnaryOp():  # that of a negative divisor is written before the ratio
            return None if has("add", "sub", "mul", "div", "neg") else "neg"
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
        return _plain(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return -_plain(node.operand.value)
    return None


def _kind(node: ast.expr) -> str:
    """Whether a node is a sum, a product, or neither."""
    if isinstance(node, ast.BinOp):
        return "sum" if isinstance(node.op, _SIGNS) else "product" if isinstance(node.op, _RATIOS) else ""
    return ""


def depth(node: ast.expr) -> tuple[int, str]:
    """Levels of an equation, and of which kind the first is."""
    if isinstance(node, ast.UnaryOp):
        return depth(node.operand)
    children = _children(node)
    if not children:
        return 1, ""
    own = _kind(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _number(node.left) == 1:
        children = [node.right]
    return 1 + max(level - (bool(own) and kind == own) for level, kind in map(depth, children)), own


def _children(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    return list(node.args) if isinstance(node, ast.Call) else []


def constants(node: ast.expr, signs: set[float]) -> Iterator[tuple[float, set[float]]]:
    """Constants that are not of the form, with the signs that they may be read with."""
    match node:
        case ast.Constant(value=value):
            yield _plain(value), signs
        case ast.UnaryOp(operand=operand):
            yield from constants(operand, {-sign for sign in signs})
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            yield from constants(left, signs)
            yield from constants(right, {-sign for sign in signs})
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            yield from constants(left, {1.0})
            exponent = _number(right)
            if exponent is None or abs(exponent - Fraction(exponent).limit_denominator(12)) > 1e-9:
                yield from constants(right, {1.0})
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            if not (isinstance(op, ast.Div) and _number(left) == 1):
                is_negated_sum = isinstance(left, ast.UnaryOp) and _kind(left.operand) == "sum"
                own = {-1.0} if is_negated_sum else {1.0} if _kind(left) == "sum" else set()
                yield from constants(left, signs | own)
            yield from constants(right, {*signs, 1.0})
        case ast.BinOp(left=left, right=right):
            yield from constants(left, signs)
            yield from constants(right, signs)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            for one in arguments:
                if not (name in ("minimum", "maximum") and _number(one) == 0):
                    yield from constants(one, {1.0})


def deepest(tree: ast.expr, outer: str, inner: str) -> int:
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
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return ("add", "sub")
        case ast.BinOp(op=ast.Mult()):
            return ("mul",)
        case ast.BinOp(left=left, op=ast.Div()):
            return ("inv", "div") if _number(left) == 1 else ("div",)
        case ast.BinOp(op=ast.Pow(), right=right):
            own = {2.0: "square", 3.0: "cube"}.get(_number(right) or 0.0)
            return ("pow",) if own is None else ("pow", own)
    return ()


def _plain(value: object) -> float:
    """The number that a constant of a text is."""
    assert isinstance(value, int | float)
    return float(value)
