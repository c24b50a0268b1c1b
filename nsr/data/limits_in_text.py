"""Limits as they are written on a command line: text in, parameters of estimators out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nsr.data.column_units import split_by_comma

_NESTED = re.compile(r"\s*([^\s()]+)\s*\(\s*([^\s()]+)\s*\)\s*")


def limits_in_text(**texts: str | float | None) -> dict[str, Any]:
    """Parameters of an estimator, of those limits that are given.

    Args:
        **texts: By the parameters' names (`nsr.data.limits.PARAMETERS`): numbers, or texts such as `exp,sin`
            for `operators`, `sin=3,mass=2,constant=1` for `complexity`, `exp(sin)=0` for `nesting`, and
            `-10,10` for `constant_bounds`.

    Raises:
        ValueError: If a text cannot be read.
    """
    return {
        name: _READERS.get(name, split_by_comma)(text) if isinstance(text, str) else text
        for name, text in texts.items()
        if text is not None
    }


def _numbers_by_name(name: str) -> Callable[[str], dict[str, float]]:
    return lambda text: dict(_pair(name, part, "sin=3") for part in split_by_comma(text))


def _nesting(text: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for part in split_by_comma(text):
        pair, most = _pair("nesting", part, "exp(sin)=0")
        match = _NESTED.fullmatch(pair)
        if match is None or not most.is_integer():  # which infinity and NaN are not
            raise ValueError(f"nesting: {part!r} cannot be read; write it as in exp(sin)=0")
        found.setdefault(match[1], {})[match[2]] = int(most)
    return found


def _numbers(name: str, example: str) -> Callable[[str], tuple[float, ...]]:
    def read(text: str) -> tuple[float, ...]:
        try:
            return tuple(float(part) for part in text.split(","))
        except ValueError:
            raise ValueError(f"{name}: {text!r} are not numbers, as in {example}") from None

    return read


def _pair(name: str, text: str, example: str) -> tuple[str, float]:
    word, _, number = text.rpartition("=")
    try:
        return word.strip(), float(number)
    except ValueError:
        raise ValueError(f"{name}: {text!r} cannot be read; write it as in {example}") from None


_READERS: dict[str, Callable[[str], Any]] = {
    "complexity": _numbers_by_name("complexity"),
    "max_argument": _numbers_by_name("max_argument"),
    "nesting": _nesting,
    "exponents": _numbers("exponents", "-2,-1,0.5,2"),
    "constant_bounds": _numbers("constant_bounds", "-10,10"),
}
