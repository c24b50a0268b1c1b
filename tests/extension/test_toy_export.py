"""An export from outside the package, to Fortran, with nothing but a style."""

import pytest

from nsr.expressions.parsing import parse
from nsr.expressions.printing import Binding, Style, Text, written

FORTRAN = {"log": "log", "sqrt": "sqrt", "sin": "sin"}


def to_fortran(expression):
    def call(operator, arguments):
        if operator.name == "pow":
            return Text(f"{arguments[0].atom()}**{arguments[1].atom()}", Binding.POWER)
        if operator.name not in FORTRAN:
            raise ValueError(f"operator {operator.name!r} has no Fortran form")
        return Text(f"{FORTRAN[operator.name]}({arguments[0].signed})", Binding.ATOM)

    return written(expression, Style(lambda value: f"{value!r}d0", lambda name: name.replace("_", ""), call))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*x_0/(x_1 - 3)", "2.0d0*x0/(x1 - 3.0d0)"),
        ("-sqrt(x_0)**1.5", "-sqrt(x0)**1.5d0"),
        ("1*x_0 - (-0.5)", "x0 + 0.5d0"),
        ("1/(1 + x_0)", "1.0d0/(1.0d0 + x0)"),
    ],
)
def test_a_style_is_all_that_a_language_needs(text, expected):
    assert to_fortran(parse(text)) == expected


def test_what_a_language_lacks_is_refused():
    with pytest.raises(ValueError, match="no Fortran form"):
        to_fortran(parse("tanh(x_0)"))
