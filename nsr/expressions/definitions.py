"""Users' own operators: a function of arrays, or a text such as `lorentz(v) = 1/sqrt(1 - v**2)`.

What is put together from operators that are known is computed, differentiated and written as these are: a
function is called once with arguments that write down what is done to them (`nsr.expressions.tracing`). Of
anything else derivatives are those that the user gives, or differences.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.bodies import without_bodies
from nsr.expressions.expression import Expression, Token
from nsr.expressions.operator import MOST_ARGUMENTS, Operator
from nsr.expressions.operators import register
from nsr.expressions.parsing import ParseError, parse
from nsr.expressions.tracing import traced

Array = NDArray[np.float64]

_HEAD = re.compile(r"\s*([^\W\d]\w*)\s*\(([^()]*)\)\s*=(?!=)(.*)", re.DOTALL)
# Cube root of the rounding error: of central differences this step is about the best.
_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)
_COMPLEXITY = 2


def operator(
    name: str,
    function: Callable[..., Any],
    *,
    sympy: Callable[..., Any] | None = None,
    derivative: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
    complexity: int = _COMPLEXITY,
    **known: Any,
) -> Operator:
    """Adds an operator of your own, which equations may have from then on.

    Args:
        name: What equations call it.
        function: Of one to three arrays, elementwise.
        sympy: Its SymPy form, a function of SymPy expressions; where it is not given and the function is not
            put together from known ones, it stays a function of this name.
        derivative: By its argument, a function of the same arrays; of several arguments one for each.
        complexity: Cost of one use.
        **known: What else is known of it, as `nsr.expressions.operator.Operator` has it, such as `parity`.

    Returns:
        The operator.

    Raises:
        ValueError: If the name is taken or is not a name, or the function cannot be called.
    """
    arity = _arity(name, function)
    body = traced(function, arity)
    if body is not None and sympy is None and derivative is None:
        return composed(name, arity, body, complexity=complexity, **known)
    numpy = _elementwise(name, function, arity)
    slopes = _slopes(numpy, derivative, arity)
    form = sympy or (_named(name) if body is None else _sympy_of(body))
    return _registered(
        Operator(
            name, arity, _on_tensors(numpy, slopes), form, complexity=complexity, numpy=numpy,
            derivatives=slopes, body=() if body is None else body.tokens, **{"searched": True, **known},
        )
    )  # fmt: skip


def define(text: str) -> Operator:
    """Adds an operator that a text defines, such as `lorentz(v) = 1/sqrt(1 - v**2)`.

    Raises:
        ValueError: If the text cannot be read, or the name is taken.
    """
    match = _HEAD.fullmatch(text)
    names = [] if match is None else [word.strip() for word in match[2].split(",")]
    if match is None or not all(word.isidentifier() for word in names) or len(set(names)) < len(names):
        raise ValueError(f"definition {text!r} cannot be read; write it as in lorentz(v) = 1/sqrt(1 - v**2)")
    if len(names) > MOST_ARGUMENTS:
        raise ValueError(f"definition {text!r} has {len(names)} arguments, and {MOST_ARGUMENTS} are the most")
    try:
        body = parse(match[3], names)
    except ParseError as error:
        raise ValueError(f"definition {text!r}: {error}") from None
    return composed(match[1], len(names), body, complexity=_COMPLEXITY)


def _registered(own: Operator) -> Operator:
    register(own)
    return own


def composed(name: str, arity: int, body: Expression, **known: Any) -> Operator:
    """Adds an operator that is put together from known ones.

    Args:
        name: What equations call it.
        arity: How many arguments it has.
        body: What it stands for; `x_0`, `x_1`, ... are the arguments.
        **known: What else is known of it.

    Raises:
        ValueError: If the name is taken.
    """
    whole = without_bodies(body)
    return _registered(
        Operator(
            name, arity, lambda *arguments: _fold(whole, arguments, lambda o: o.tensor), _sympy_of(whole),
            numpy=lambda *arguments: _fold(whole, arguments, _numpy_of), body=whole.tokens,
            derivatives=tuple(_slope_of(whole, place) for place in range(arity)),
            **{"searched": True, **known},
        )
    )  # fmt: skip


def _fold(body: Expression, arguments: Sequence[Any], form: Callable[[Operator], Callable[..., Any]]) -> Any:
    """What a body makes of arguments, with some form of each operator."""
    like = arguments[0]

    def leaf(token: Token, _: int) -> Any:
        return arguments[int(token[2:])] if isinstance(token, str) else token + 0 * like

    return body.fold(leaf, lambda own, parts: form(own)(*parts))


def _numpy_of(own: Operator) -> Callable[..., Any]:
    if own.numpy is None:
        raise ValueError(f"operator {own.name!r} has no NumPy form; register it with one (`numpy`)")
    return own.numpy


def _sympy_of(body: Expression) -> Callable[..., Any]:
    def form(*arguments: Any) -> Any:
        from nsr.expressions.sympy_form import to_sympy

        places = {f"x_{i}": argument for i, argument in enumerate(arguments)}
        found = to_sympy(body)
        return found.subs({symbol: places[symbol.name] for symbol in found.free_symbols}, simultaneous=True)

    return form


def _slope_of(body: Expression, place: int) -> Callable[..., Array]:
    """The derivative of a body by one argument, by the chain rule."""

    def slope(*arguments: Array) -> Array:
        one = np.ones_like(np.asarray(arguments[0], dtype=np.float64))

        def leaf(token: Token, _: int) -> tuple[Array, Array]:
            if not isinstance(token, str):
                return token * one, 0 * one
            index = int(token[2:])
            return arguments[index] * one, (index == place) * one

        def node(own: Operator, parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
            values = [value for value, _ in parts]
            total = 0 * one
            for derivative, (_, inner) in zip(own.derivatives, parts, strict=True):
                if np.any(inner):  # of a constant exponent the logarithm need not exist
                    total = total + derivative(*values) * inner
            return np.asarray(_numpy_of(own)(*values), dtype=np.float64), total

        with np.errstate(all="ignore"):
            return body.fold(leaf, node)[1]

    return slope


def _arity(name: str, function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return int(getattr(function, "nin", 1))
    needed = [
        p
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if not 1 <= len(needed) <= MOST_ARGUMENTS:
        raise ValueError(
            f"operator {name!r}: the function takes {len(needed)} arguments, not 1 to {MOST_ARGUMENTS}"
        )
    return len(needed)


def _elementwise(name: str, function: Callable[..., Any], arity: int) -> Callable[..., Array]:
    """The function on arrays; one of numbers is called for each element."""
    sample = [np.array([0.3, 0.6])] * arity
    with np.errstate(all="ignore"):
        try:
            is_elementwise = np.shape(function(*sample)) == (2,)
        except TypeError:
            is_elementwise = False
        except Exception as error:  # whatever a user's function raises
            raise ValueError(f"operator {name!r}: the function of {sample[0]} raises {error!r}") from error
    own = function if is_elementwise else np.vectorize(function, otypes=[np.float64])

    def numpy(*arguments: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(own(*arguments), dtype=np.float64)

    return numpy


def _slopes(
    numpy: Callable[..., Array],
    derivative: Callable[..., Any] | Sequence[Callable[..., Any]] | None,
    arity: int,
) -> tuple[Callable[..., Any], ...]:
    if derivative is None:
        return tuple(_difference(numpy, place) for place in range(arity))
    return (derivative,) if callable(derivative) else tuple(derivative)


def _difference(numpy: Callable[..., Array], place: int) -> Callable[..., Array]:
    """The derivative by one argument, by central differences."""

    def slope(*arguments: Array) -> Array:
        h = _STEP * np.maximum(np.abs(arguments[place]), 1.0)
        ends = [
            numpy(*(value + sign * h if i == place else value for i, value in enumerate(arguments)))
            for sign in (1.0, -1.0)
        ]
        return np.asarray((ends[0] - ends[1]) / (2 * h))

    return slope


def _on_tensors(numpy: Callable[..., Array], slopes: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    """The function on tensors, which are copied to arrays and back."""

    def tensor(*arguments: Any) -> Any:
        from nsr.expressions.tensor_functions import of_arrays

        return of_arrays(numpy, slopes, *arguments)

    return tensor


def _named(name: str) -> Callable[..., Any]:
    def form(*arguments: Any) -> Any:
        import sympy

        return sympy.Function(name, real=True)(*arguments)

    return form
