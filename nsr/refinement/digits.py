"""As many digits of constants as the data warrant: two of the standard error.

More where constants depend on each other so that two would change what the equation says.
"""

from __future__ import annotations

import math

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement.uncertainty import Uncertainty
from nsr.task import Task

# Digits of a constant whose error is unknown, or that has none because it belongs to the form.
_DIGITS = 6
# Digits of a standard error.
_OF_ERROR = 2
# All digits of a float64.
_ALL = 17
# Rounding may move all values together by this part of what noise makes of them (as a chi-square).
_NEGLIGIBLE = 0.1


def warranted(expression: Expression, found: Uncertainty | None, task: Task) -> Expression:
    """The expression with its constants rounded to the digits that their errors warrant.

    A fitted one that would become 1 has more of them, as a factor of 1 is not written, and what was fitted
    would look like what is round.

    Args:
        expression: An equation of the task's variables.
        found: What is known of its fitted constants.
        task: What it explains.
    """
    if found is None or not found.noise > 0:
        return expression
    errors = np.full(len(expression.constants), np.nan)
    errors[found.places] = found.errors
    digits = [_digits(value, error) for value, error in zip(expression.constants, errors, strict=True)]
    for more in range(_ALL):
        short = [_rounded(v, n + more) for v, n in zip(expression.constants, digits, strict=True)]
        for place in found.places.tolist():
            short[place] = _unlike_one(expression.constants[place], short[place], digits[place] + more)
        form = expression.with_constants(short)
        if _is_negligible(expression, form, found, task):
            return form
    return expression


def with_error(value: float, error: float) -> str:
    """A value and its standard error as text, both to the same decimal, such as `12.10 ± 0.33`."""
    if not 0 < error < math.inf:
        return f"{value:.{_DIGITS}g} ± {'0' if error == 0 else 'unknown'}"
    # Of an error that rounds up to the next power of ten, the place of its digits is the rounded one's.
    decimals = _OF_ERROR - 1 - _magnitude(float(f"{error:.{_OF_ERROR - 1}e}"))
    largest = _magnitude(max(abs(value), error))
    if -4 <= largest < 7 and decimals < 12:
        places = max(decimals, 0)
        return f"{round(value, decimals):.{places}f} ± {round(error, decimals):.{places}f}"
    places = max(decimals + largest, 0)
    unit = 10.0**largest
    return f"({value / unit:.{places}f} ± {error / unit:.{places}f})e{largest:+03d}"


def _digits(value: float, error: float) -> int:
    """Significant digits of a value down to the last digit of its error."""
    if not 0 < error < math.inf or value == 0:
        return _DIGITS
    return max(_magnitude(value) - _magnitude(error) + _OF_ERROR, 1)


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _rounded(value: float, digits: int) -> float:
    return value if digits >= _ALL else float(f"{value:.{digits}g}")


def _unlike_one(value: float, short: float, digits: int) -> float:
    """A value rounded to these digits, or to more where that is 1 and it is not."""
    while abs(short) == 1 and short != value:
        digits += 1
        short = _rounded(value, digits)
    return short


def _is_negligible(expression: Expression, form: Expression, found: Uncertainty, task: Task) -> bool:
    with np.errstate(all="ignore"):
        values = Program([expression, form]).values(task.X)
        off = (values[1] - values[0]) * task.root_weights / found.noise
        total = float(off @ off)
    return total <= _NEGLIGIBLE  # not if any value has gone
