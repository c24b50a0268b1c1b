"""Expressions as functions of NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.by_group import Lookup, defined_by_group
from nsr.export.code import Language, infix_power
from nsr.export.python import defined
from nsr.expressions.expression import Expression

NUMPY = Language("numpy", "NumPy", power=infix_power("**"))
_IMPORTS = {"np.": "import numpy as np", "scipy.": "import scipy.special"}


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
    return defined(NUMPY, expression, names, function, _IMPORTS)


def to_numpy_by_group(expression: Expression, names: Sequence[str], lookup: Lookup) -> str:
    """A function of arrays and of the groups' labels; arguments are those of `defined_by_group`."""
    read = "np.array([{1}[group] for group in {0}]).T".format
    return defined_by_group(NUMPY, expression, names, lookup, read, _IMPORTS)
