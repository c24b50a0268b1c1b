"""When an equation is good enough, as users say it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_KEYS = ("r2", "complexity")
_HOW = "must be 'exact', or say r2, complexity or both, as in {'r2': 0.99, 'complexity': 10}"
EXACT = "exact"


@dataclass(frozen=True)
class StopWhen:
    """What an equation must be so that no better one is looked for.

    Attributes:
        r2: R2 that it has at least.
        complexity: Complexity that it has at most.
        is_exact: Whether it leaves no more than rounding errors.
    """

    r2: float = -math.inf
    complexity: float = math.inf
    is_exact: bool = False

    def is_met(self, r2: float, complexity: float, is_exact: bool) -> bool:
        """Whether an equation with these is good enough."""
        return is_exact if self.is_exact else r2 >= self.r2 and complexity <= self.complexity

    @classmethod
    def of(cls, given: object) -> StopWhen | None:
        """Reads what users give.

        Args:
            given: `exact`, a mapping of `r2` and `complexity`, or None for never.

        Raises:
            ValueError: If it is anything else.
        """
        if given is None:
            return None
        if given == EXACT:
            return cls(is_exact=True)
        if not isinstance(given, Mapping) or not given or set(given) - set(_KEYS):
            raise ValueError(f"stop_when={given!r} {_HOW}")
        numbers = {key: _number(key, value) for key, value in given.items()}
        if not numbers.get("r2", 1.0) <= 1:
            raise ValueError(f"stop_when: r2 is at most 1, not {numbers['r2']:g}")
        return cls(numbers.get("r2", -math.inf), numbers.get("complexity", math.inf))


def stop_when_in_text(text: str) -> str | dict[str, float]:
    """What an option of the command says: `exact`, or `r2=0.99,complexity=10`.

    Raises:
        ValueError: If it is anything else.
    """
    if text.strip() == EXACT:
        return EXACT
    pairs = [part.partition("=") for part in text.split(",")]
    given = {key.strip(): _number(key.strip(), value) for key, _, value in pairs}
    StopWhen.of(given)
    return given


def _number(key: str, value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"stop_when: {key} must be a number, not {value!r}")
    return number
