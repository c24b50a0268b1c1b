"""Whether parameters are of the kinds that constructors are annotated with, before anything is done."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

# What annotations say, as values and as words; NumPy's scalars are as good as Python's.
_PLAIN: dict[Any, tuple[Any, str, str]] = {
    str: (str, "text", "texts"),
    bool: ((bool, np.bool_), "True or False", "truth values"),
    int: (Integral, "a whole number", "whole numbers"),
    float: (Real, "a number", "numbers"),
    types.NoneType: (types.NoneType, "None", "None"),
}
# Characters of a value that messages repeat.
_SHOWN = 60


def check_kinds(estimator: Any) -> None:
    """Raises where a parameter is not of the kind that the constructor's annotation names.

    What the values may be is for others to check, and what mappings lead to.

    Args:
        estimator: With an attribute for each parameter.

    Raises:
        ValueError: If one is not; the message says which, and what it may be.
    """
    hints = get_type_hints(type(estimator).__init__)
    del hints["return"]
    for name, kind in hints.items():
        value = getattr(estimator, name)
        if not _is(value, kind):
            shown = " ".join(repr(value).split())
            shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
            raise ValueError(f"{name} must be {_words(kind)}, not {shown}")


def _is(value: Any, kind: Any) -> bool:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return any(_is(value, part) for part in parts)
    if origin is Callable:
        return callable(value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    if origin in (Sequence, Iterable):
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            return False
        return isinstance(value, Iterator) or all(_is(one, parts[0]) for one in value)
    if origin is not None:  # pairs
        return isinstance(value, Iterable)
    return isinstance(value, _PLAIN[kind][0] if kind in _PLAIN else kind)


def _words(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        *first, last = map(_words, parts)
        return f"{', '.join(first)} or {last}"
    if origin is Callable:
        return "a function"
    if origin is Mapping:
        return "a mapping with texts as keys"
    if origin in (Sequence, Iterable):
        return f"a list of {_PLAIN[parts[0]][2]}"
    if origin is not None:
        return "a pair of numbers"
    return _PLAIN[kind][1] if kind in _PLAIN else f"of the type {kind.__name__}"
