"""Expressions as functions of JAX arrays."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.code import Language, infix_power
from nsr.export.python import defined
from nsr.expressions.expression import Expression

JAX = Language("jax", "JAX", power=infix_power("**"))


def to_jax(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """A function of arrays, elementwise, which `jax.jit`, `jax.grad` and `jax.vmap` take.

    JAX computes with 32 bits unless `jax_enable_x64` is set.

    Args:
        expression: What to write, without placeholders.
        names: Of all variables, which become the function's parameters; `x_0`, `x_1`, ... by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or JAX cannot say an operator.
    """
    imports = {"jax.scipy.": "import jax.scipy.special", "jnp.": "import jax.numpy as jnp"}
    return defined(JAX, expression, names, function, imports)
