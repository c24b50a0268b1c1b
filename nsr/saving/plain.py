"""Frozen values as what JSON has, and back, by their types."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from nsr.expressions.expression import PLACEHOLDER, Expression, is_variable
from nsr.expressions.operators import OPERATORS

# Builds values of a type from what JSON has, where the type alone does not say how.
Makers = Mapping[Any, Callable[[Any], Any]]


def plain(value: Any) -> Any:
    """A value as JSON has it, without loss.

    Dataclasses become objects, expressions lists of their tokens, arrays objects with their type and shape,
    and numbers that are not finite the texts `NaN`, `Infinity` and `-Infinity`.

    Raises:
        TypeError: If the value has a part that JSON cannot hold, such as a function.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Expression):
        return [plain(token) for token in value.tokens]
    if isinstance(value, np.ndarray):
        numbers = [plain(number) for number in value.ravel().tolist()]
        return {"type": value.dtype.name, "shape": list(value.shape), "values": numbers}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def rebuilt(kind: Any, value: Any, makers: Makers = types.MappingProxyType({})) -> Any:
    """The value of a type that `plain` was given.

    Args:
        kind: Its type, or the annotation of a field.
        value: What JSON has.
        makers: What builds values of types that are neither dataclasses nor of the kinds that `plain` lists.

    Raises:
        ValueError: If the value is not one of the type.
        TypeError: If it has not even its form.
        KeyError: If a part is missing.
    """
    if kind in makers:
        return makers[kind](value)
    if kind is Any:
        return value
    if get_origin(kind) is not None:
        return _of_annotation(get_origin(kind), get_args(kind), value, makers)
    if kind is Expression:
        return expression(value)
    if hasattr(kind, "_fields"):
        return kind(*_tuple(tuple(get_type_hints(kind).values()), _checked(value, list), makers))
    if dataclasses.is_dataclass(kind):
        hints, own = get_type_hints(kind), _checked(value, dict)
        fields = [field.name for field in dataclasses.fields(kind)]
        return kind(**{name: rebuilt(hints[name], own[name], makers) for name in fields})  # type: ignore[operator]
    if kind is float and not isinstance(value, bool):
        return number(value)
    return _checked(value, kind)


def number(value: Any) -> float:
    """The number that `plain` was given.

    Raises:
        TypeError: If the value is none.
    """
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def expression(value: Any) -> Expression:
    """The expression of a list of tokens.

    Raises:
        ValueError: If they are not exactly one well-formed expression of known operators.
    """
    tokens = _checked(value, list)
    for token in tokens:
        if isinstance(token, str) and not (token in OPERATORS or token == PLACEHOLDER or is_variable(token)):
            raise ValueError(
                f"operator {token!r} is not registered here; define it with nsr.operator, or --define, "
                "as before"
            )
    return Expression(tuple(token if isinstance(token, str) else number(token) for token in tokens))


def _of_annotation(origin: Any, parts: tuple[Any, ...], value: Any, makers: Makers) -> Any:
    if origin in (Union, types.UnionType):
        return _of_union(parts, value, makers)
    if origin is Literal:
        return parts[parts.index(value)]
    if origin is np.ndarray:
        return _array(value)
    if origin is tuple:
        return _tuple(parts, _checked(value, list), makers)
    if issubclass(origin, Mapping):
        return {str(key): rebuilt(parts[1], one, makers) for key, one in _checked(value, dict).items()}
    return [rebuilt(parts[0], one, makers) for one in _checked(value, list)]


def _of_union(parts: tuple[Any, ...], value: Any, makers: Makers) -> Any:
    if value is None and types.NoneType in parts:
        return None
    rest = [part for part in parts if part is not types.NoneType]
    for part in rest[:-1]:
        try:
            return rebuilt(part, value, makers)
        except (ValueError, TypeError, KeyError):
            continue
    return rebuilt(rest[-1], value, makers)


def _tuple(parts: tuple[Any, ...], values: list[Any], makers: Makers) -> tuple[Any, ...]:
    kinds = [parts[0]] * len(values) if parts[-1] is Ellipsis else parts
    if len(kinds) != len(values):
        raise ValueError(f"{len(values)} values stand where {len(kinds)} are needed")
    return tuple(rebuilt(kind, value, makers) for kind, value in zip(kinds, values, strict=True))


def _array(value: Any) -> Any:
    content = _checked(value, dict)
    kind = np.dtype(_checked(content["type"], str))
    if kind.kind not in "bif":
        raise ValueError(f"an array of {kind} is not one of numbers")
    of = {"b": bool, "i": int}.get(kind.kind)
    values = [number(one) if of is None else _checked(one, of) for one in _checked(content["values"], list)]
    shape = [_checked(size, int) for size in content["shape"]]
    if math.prod(shape) != len(values) or min(shape, default=0) < 0:
        raise ValueError(f"{len(values)} numbers are no array of the shape {shape}")
    return np.array(values, dtype=kind).reshape(shape)


def _checked(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r} is not of the type {kind.__name__}")
    return value


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
