"""Which equations may be looked at."""

from __future__ import annotations

from dataclasses import dataclass

from nsr.expressions.expression import Expression
from nsr.expressions.units import Units


@dataclass(frozen=True)
class SearchSpace:
    """What a search may propose; nothing else is kept, and evolution makes nothing else.

    Attributes:
        units: Of the variables and the target; None where units do not matter.
    """

    units: Units | None = None

    def allows(self, expression: Expression) -> bool:
        """Whether an equation may be looked at."""
        return self.units is None or self.units.allow(expression)
