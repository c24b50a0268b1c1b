"""Parameters of estimators as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsr.saving.plain import plain, rebuilt


def plain_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All that JSON can hold; functions and generators of random numbers are left out."""
    kept = {}
    for name, value in parameters.items():
        try:
            kept[name] = plain(value)
        except TypeError:
            continue
    return kept


def rebuilt_parameters(content: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters for a constructor, sequences as tuples.

    Args:
        content: What `plain_parameters` said.
        kinds: Types of those that are neither plain values nor sequences of such.
    """
    return {
        name: rebuilt(kinds[name], value) if name in kinds else _with_tuples(value)
        for name, value in content.items()
    }


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tuples(one) for key, one in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value
