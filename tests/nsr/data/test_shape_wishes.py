import numpy as np
import pytest

from nsr.data.names import Names
from nsr.data.notes import DataWarning
from nsr.data.shape_wishes import domain_in_text, read_shape
from nsr.expressions.shape import Bounded, Exchangeable, Mirrored, Sloped, Tending

NAMES = Names.of(["dose", "Flow rate [m3/h]", "z"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f >= 0", Bounded(0.0)),
        ("f <= 1e3", Bounded(high=1e3)),
        ("-1 <= f <= 1.5", Bounded(-1.0, 1.5)),
        ("increasing in dose", Sloped(0, 1, 1)),
        ("decreasing in Flow rate [m3/h]", Sloped(1, 1, -1)),
        ("convex in `z`", Sloped(2, 2, 1)),
        ("concave in z", Sloped(2, 2, -1)),
        ("even in z", Mirrored(2, 1)),
        ("odd in z", Mirrored(2, -1)),
        ("symmetric in dose, z", Exchangeable(0, 2)),
        ("symmetric in dose and z", Exchangeable(0, 2)),
        ("f -> 0 as dose -> inf", Tending(0, np.inf, 0.0)),
        ("f->-2.5 as z -> -infinity", Tending(2, -np.inf, -2.5)),
        ("f -> 1 as dose -> 0", Tending(0, 0.0, 1.0)),
    ],
)
def test_forms(text, expected):
    assert read_shape(text, None, NAMES).constraints == (expected,)


def test_several_in_one_text_or_in_many():
    one = read_shape("f >= 0; increasing in z", None, NAMES)
    assert one == read_shape(["f >= 0", "increasing in z"], None, NAMES)
    assert read_shape((), None, NAMES).constraints == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f > 0", "bounds may be reached; write 'f >= 0'"),
        ("0 < f <= 1", "write '0 <= f <= 1'"),
        ("f <> 0", "write one of 'f >= 0'"),
        ("f", "cannot be read"),
        ("rising in dose", "cannot be read"),
        ("increasing in dos", "did you mean 'dose'"),
        ("2 <= f <= 1", "lower bound must be less"),
        ("f >= inf", "leaves no value"),
        ("1 <= f >= 0", "two lower bounds"),
        ("f -> inf as dose -> inf", "limit that is not finite"),
    ],
)
def test_what_cannot_be_read_is_told(text, message):
    with pytest.raises(ValueError, match=message):
        read_shape(text, None, NAMES)


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ({"dose": (1, 1)}, "the first less than the second"),
        ({"dose": (0, np.inf)}, "must be finite"),
        ({"dose": 3}, "must be two numbers"),
        ({"q": (0, 1)}, "no column 'q'"),
    ],
)
def test_domains_that_make_no_sense_are_told(domain, message):
    with pytest.raises(ValueError, match=message):
        read_shape("f >= 0", domain, NAMES)


def test_a_domain_needs_a_shape():
    with pytest.raises(ValueError, match="give shape, too"):
        read_shape((), {"dose": (0, 1)}, NAMES)


def test_columns_that_are_not_used_are_left_out_with_a_note():
    wishes = read_shape(["increasing in dose", "convex in z", "f >= 0"], {"z": (-9, 9)}, NAMES)
    X = np.array([[0.0, 1.0], [2.0, 5.0]])
    with pytest.warns(DataWarning, match="no equation has dose"):
        shape = wishes.over([1, 2], X, NAMES)
    assert shape.constraints == (Sloped(1, 2, 1), Bounded(0.0))
    np.testing.assert_array_equal(shape.box.low, [0.0, -9.0])
    np.testing.assert_array_equal(shape.box.high, [2.0, 9.0])


def test_domains_on_a_command_line():
    assert domain_in_text(["dose=0,100", "a=b=-1,1"]) == {"dose": (0.0, 100.0), "a=b": (-1.0, 1.0)}
    with pytest.raises(ValueError, match="dose=0,100"):
        domain_in_text(["dose=5"])
