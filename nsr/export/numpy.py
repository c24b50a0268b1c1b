"""Expressions as functions of NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.code import Language, infix_power
from nsr.export.python import defined
from nsr.expressions.expression import Expression

NUMPY = Language("numpy", "NumPy", power=infix_power("**"))


def to_numpy(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """A function of arrays of floats, elementwise; NaN or infinite, with NumPy's warnings, where undefined.

    Special functions are SciPy's.

    Args:
        expression: What to write, without placeholders.
        names: Of all variables, which become the function's parameters; `x_0`, `x_1`, ... by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or NumPy cannot say an operator.
    """
    imports = {"np.": "import numpy as np", "scipy.": "import scipy.special"}
    return defined(NUMPY, expression, names, function, imports)
