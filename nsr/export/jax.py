"""Expressions as functions of JAX arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nsr.export.numpy import to_numpy
from nsr.expressions.expression import Expression

_NUMPY = re.compile(r"\bnp\b")


def to_jax(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """A function of arrays, elementwise, which `jax.jit`, `jax.grad` and `jax.vmap` take.

    JAX has NumPy's names. It computes with 32 bits unless `jax_enable_x64` is set.

    Args:
        expression: What to write, without placeholders.
        names: Of all variables, which become the function's parameters; `x_0`, `x_1`, ... by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or JAX cannot say an operator.
    """
    text = _NUMPY.sub("jnp", to_numpy(expression, names, function))
    return text.replace("import numpy as jnp", "import jax.numpy as jnp")
