"""The P10 number codec: a sign, three digits, an exponent (arXiv:2112.01898, section 3).

A number is written as mantissa * 10^exponent with a mantissa of three digits, so 3.14 is
314e-2 and reads `+ 3 1 4 E-2`. Zero is `+ 0 0 0 E0`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_EXPONENT = -100
MAX_EXPONENT = 100
N_DIGITS = 3
TOKENS_PER_NUMBER = N_DIGITS + 2


class P10(NamedTuple):
    """Numbers in P10 form; all fields have the shape of the numbers.

    Attributes:
        sign: 1 or -1; zero has 1.
        mantissa: 0 for zero, else 100 to 999.
        exponent: `MIN_EXPONENT` to `MAX_EXPONENT`; 0 for zero.
    """

    sign: NDArray[np.int64]
    mantissa: NDArray[np.int64]
    exponent: NDArray[np.int64]


def encode(values: ArrayLike) -> P10:
    """Rounds numbers to three significant digits.

    Args:
        values: Numbers of any shape.

    Returns:
        Their P10 form. Numbers that round below 100e-100 are zero.

    Raises:
        ValueError: If a number is not finite or rounds above 999e100.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(numbers)):
        raise ValueError("P10 has no form for NaN or infinity; remove such numbers first")
    mantissa, exponent = _normalised(np.abs(numbers))
    if np.any(exponent > MAX_EXPONENT):
        raise ValueError(f"P10 ends at 999e{MAX_EXPONENT}; rescale larger numbers first")
    is_zero = (mantissa == 0) | (exponent < MIN_EXPONENT)
    sign = np.where((numbers < 0) & ~is_zero, -1, 1)
    return P10(sign, np.where(is_zero, 0, mantissa), np.where(is_zero, 0, exponent))


def encode_one(value: float) -> tuple[int, int, int]:
    """Sign, mantissa and exponent of one number: `encode` without the cost of arrays.

    Raises:
        ValueError: If the number is not finite or rounds above 999e100.
    """
    if not math.isfinite(value):
        raise ValueError("P10 has no form for NaN or infinity; remove such numbers first")
    mantissa, exponent = _formatted(abs(value))
    if exponent > MAX_EXPONENT:
        raise ValueError(f"P10 ends at 999e{MAX_EXPONENT}; rescale larger numbers first")
    if mantissa == 0 or exponent < MIN_EXPONENT:
        return 1, 0, 0
    return (-1 if value < 0 else 1), mantissa, exponent


def decode(sign: ArrayLike, mantissa: ArrayLike, exponent: ArrayLike) -> NDArray[np.float64]:
    """The numbers that P10 forms stand for, correctly rounded to float64.

    Args:
        sign: 1 or -1.
        mantissa: Whole numbers.
        exponent: Whole powers of ten.

    Returns:
        Float64 numbers of the broadcast shape.
    """
    signed = np.asarray(sign, dtype=np.float64) * np.asarray(mantissa, dtype=np.float64)
    power = np.asarray(exponent, dtype=np.int64)
    # Powers up to 10^22 are exact in float64, so dividing by one rounds once only.
    small = np.abs(power) <= 22
    tens = 10.0 ** np.abs(power)
    exact = np.where(power < 0, signed / tens, signed * tens)
    if np.all(small):
        return np.asarray(exact)
    parsed = [float(f"{int(m)}e{int(e)}") for m, e in np.broadcast(signed, power)]
    return np.where(small, exact, np.reshape(parsed, exact.shape))


def _normalised(magnitude: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Three-digit mantissas and exponents of magnitudes; (0, 0) for zero."""
    positive = np.where(magnitude > 0, magnitude, 1.0)
    exponent = np.asarray(np.floor(np.log10(positive)).astype(np.int64) - (N_DIGITS - 1))
    # Split the power so that neither factor overflows for subnormal numbers.
    half = exponent // 2
    scaled = positive * 10.0**-half * 10.0 ** -(exponent - half)
    mantissa = np.asarray(np.rint(scaled).astype(np.int64))
    # Next to a tie the products' own rounding could decide, so decimal arithmetic does.
    for index in np.argwhere(np.abs(scaled - np.floor(scaled) - 0.5) < 1e-9):
        place = tuple(index)
        mantissa[place], exponent[place] = _formatted(float(positive[place]))
    carried = mantissa >= 10**N_DIGITS
    mantissa = np.where(carried, mantissa // 10, mantissa)
    exponent = np.where(carried, exponent + 1, exponent)
    is_zero = magnitude == 0
    return np.where(is_zero, 0, mantissa), np.where(is_zero, 0, exponent)


def _formatted(magnitude: float) -> tuple[int, int]:
    """Mantissa and exponent by decimal formatting, which rounds exactly."""
    digits, _, power = f"{magnitude:.{N_DIGITS - 1}e}".partition("e")
    return int(digits.replace(".", "")), int(power) - (N_DIGITS - 1)
