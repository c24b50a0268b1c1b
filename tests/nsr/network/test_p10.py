from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.network import p10

NUMBERS = st.floats(min_value=-1e101, max_value=1e101, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.14, (1, 314, -2)), (0.0, (1, 0, 0)), (-0.0, (1, 0, 0)), (9.996, (1, 100, -1)),
        (-1000.0, (-1, 100, 1)),
        (100e-100, (1, 100, -100)), (99e-100, (1, 0, 0)), (-1e-300, (1, 0, 0)), (5e-324, (1, 0, 0)),
        (999e100, (1, 999, 100)),
    ],
)  # fmt: skip
def test_published_form(value, expected):
    assert p10.encode_one(value) == expected
    assert tuple(int(part) for part in p10.encode(value)) == expected


@given(NUMBERS)
def test_rounds_as_decimal_arithmetic_does(value):
    sign, mantissa, exponent = p10.encode_one(value)
    exact = Decimal(value)
    quantum = Decimal((0, (1,), exact.adjusted() - 2)) if exact else Decimal(1)
    rounded = exact.quantize(quantum, rounding=ROUND_HALF_EVEN)
    smallest = Decimal(100) * Decimal(10) ** p10.MIN_EXPONENT
    expected = rounded if abs(rounded) >= smallest else Decimal(0)
    assert Decimal(sign * mantissa) * Decimal(10) ** exponent == expected


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_arrays_agree_with_single_numbers(values):
    arrays = p10.encode(np.array(values))
    assert list(zip(*(part.tolist() for part in arrays), strict=True)) == [p10.encode_one(v) for v in values]


@given(st.integers(1000, 9999), st.integers(-99, 98), st.integers(-2, 2))
def test_arrays_agree_with_single_numbers_next_to_ties(digits, power, steps):
    value = float(f"{digits // 10}5e{power}")
    for _ in range(abs(steps)):
        value = float(np.nextafter(value, np.inf * steps))
    assert tuple(int(part) for part in p10.encode(value)) == p10.encode_one(value)
    assert tuple(int(part[0, 0]) for part in p10.encode([[value]])) == p10.encode_one(value)


@given(st.integers(100, 999), st.integers(p10.MIN_EXPONENT, p10.MAX_EXPONENT), st.sampled_from((1, -1)))
def test_decoding_is_correctly_rounded_and_encodes_back(mantissa, exponent, sign):
    value = p10.decode(sign, mantissa, exponent)
    assert float(value) == float(f"{sign * mantissa}e{exponent}")
    assert p10.encode_one(float(value)) == (sign, mantissa, exponent)
    assert tuple(int(part) for part in p10.encode(value)) == (sign, mantissa, exponent)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e103, -2e150])
def test_what_has_no_form_is_refused(value):
    with pytest.raises(ValueError, match="P10"):
        p10.encode(value)
    with pytest.raises(ValueError, match="P10"):
        p10.encode_one(value)
