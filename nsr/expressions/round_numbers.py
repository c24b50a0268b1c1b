"""Small fractions and their multiples of pi."""

from __future__ import annotations

import math
import sys

# A number is a multiple of pi if it agrees with one to rounding, and no fraction of large numbers.
_ROUNDING = 1e-15
_LARGEST_NUMERATOR = 100
# Of the denominators of fractions each divides this one. What is off a multiple of its reciprocal by more
# than this share, or by more than this where it is below 1, is no fraction, whatever its last digits are.
_COMMON_DENOMINATOR, _OFF = 120, 1e-12
# Floating-point numbers from this size on are all whole.
_WHOLE = 2.0**53


def nearest_fraction(value: float) -> tuple[int, int]:
    """The fraction with a denominator up to 12 nearest to a value, the simplest one if several are.

    Infinity, which quotients of large numbers overflow to, is taken for the largest number that there is.
    """
    if abs(value) >= _WHOLE:
        return int(math.copysign(min(abs(value), sys.float_info.max), value)), 1
    best, denominator = math.inf, 1
    for q in (1, 2, 3, 4, 5, 6, 8, 10, 12):
        error = abs(round(value * q) / q - value)
        if error < best * (1 - 1e-9) - 1e-300:
            best, denominator = error, q
    return round(value * denominator), denominator


def is_nearly_fraction(value: float) -> bool:
    """Whether a value may agree with a fraction of `nearest_fraction` to rounding; most do not."""
    if abs(value) >= 1 / _OFF:
        return True
    scaled = value * _COMMON_DENOMINATOR
    return abs(round(scaled) - scaled) <= _COMMON_DENOMINATOR * _OFF * max(abs(value), 1.0)


def multiple_of_pi(value: float) -> tuple[int, int, int] | None:
    """Numerator, denominator and power of pi, 1 or -1, of a number that is such a product.

    Returns:
        None where it is none, as for all whole numbers and fractions.
    """
    for exponent in (1, -1):
        scaled = value / math.pi**exponent
        if not 0 < abs(scaled) < _LARGEST_NUMERATOR:
            continue
        numerator, denominator = nearest_fraction(scaled)
        if numerator and abs(numerator / denominator - scaled) <= _ROUNDING * abs(scaled):
            return numerator, denominator, exponent
    return None
