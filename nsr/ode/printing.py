"""Systems as text."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.expressions.printing import to_infix
from nsr.ode.motion import PLAIN, Motion, System


def to_equations(
    system: System, names: Sequence[str], digits: int | None = None, motion: Motion = PLAIN
) -> list[str]:
    """One equation for each component, such as `dx/dt = -0.5*x`.

    Args:
        system: Right-hand sides.
        names: Names of their variables, the states' first.
        digits: Significant digits of constants; all that are needed to read them back by default.
        motion: What the equations say.
    """
    return [
        f"{motion.left(name)} = {to_infix(component, names, digits)}"
        for name, component in zip(names, system, strict=False)
    ]
