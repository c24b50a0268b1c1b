"""One thing that a report says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# A check warns where chance alone would do as much in one table of two hundred: of a report's handful of
# checks on clean data, about one in forty warns of nothing.
ALPHA = 0.005
# An equation that explains less than this of the target is hardly an answer.
LITTLE = 0.5
# With fewer rows hardly anything could be told from chance.
LEAST_ROWS = 10


@dataclass(frozen=True)
class Finding:
    """What one check has found.

    Attributes:
        name: Of the check.
        text: What it says, as a sentence without a full stop.
        is_warning: Whether that is a reason for doubt.
        figures: The statistics behind it, by name.
    """

    name: str
    text: str
    is_warning: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)


def too_few_rows(name: str) -> Finding:
    """What a check says of a small table."""
    return Finding(name, f"fewer than {LEAST_ROWS} rows: cannot be told")


def percent(share: float) -> str:
    """A share as text that tells 99.9 % from 99.99 %."""
    rest = min(abs(share), abs(1 - share))
    digits = 1 if rest >= 0.001 or rest == 0 else 3 if rest >= 1e-5 else 6
    return f"{100 * share:.{digits}f} %"
