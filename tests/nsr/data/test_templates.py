import pytest

from nsr.data.names import Names
from nsr.data.templates import read_template, template_over
from nsr.expressions.expression import constant
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix

NAMES = Names.of(["mass", "v", "Height [m]"])


def test_a_template_is_read_in_the_names_of_the_columns():
    template = read_template("f(mass)*exp(-g(v, 'Height [m]')/2.5) + c", NAMES, {})
    assert [(part.name, part.columns) for part in template.parts] == [("f", (0,)), ("g", (1, 2))]
    assert template.constants == ("c",)
    assert template.numbers == (2.5,)
    filled = template.filled([parse("3*x_0**2"), parse("x_1*x_2")], [7.0])
    equation = template.with_numbers(filled)
    assert to_infix(equation, NAMES.identifiers) == "3*mass**2*exp(-v*Height_m/2.5) + 7"
    for own in (filled, equation):
        parts, constants = template.split(own)
        assert parts == [parse("3*x_0**2"), parse("x_1*x_2")]
        assert constants == [constant(7.0)]
    names = template.names_of_constants(equation)
    assert {equation.constants[place]: name for place, name in names.items()} == {7.0: "c"}


@pytest.mark.parametrize(
    "text", ["x_0**2 + 7", "3*x_0**2*exp(-x_1*x_2/2.4) + 7", "3*exp(-x_1/2.5) - 7", "x_1"]
)
def test_other_equations_are_not_of_the_form(text):
    assert read_template("f(mass)*exp(-g(v, 'Height [m]')/2.5) + c", NAMES, {}).split(parse(text)) is None


def test_a_template_over_the_columns_that_are_used():
    template = read_template("f(mass) + 2.5*v", NAMES, {})
    moved = template_over(template, [0, 1], 2, NAMES)
    assert moved.with_numbers(moved.filled([parse("sin(x_0)")], [])) == parse("sin(x_0) + 2.5*x_1")
    with pytest.raises(ValueError, match="column 'v' is left out"):
        template_over(template, [0, 2], 2, NAMES)


def test_constants_of_known_value_are_numbers():
    template = read_template("f(mass) + g*v/2.5", NAMES, {"g": 9.81})
    assert template.numbers == (9.81, 2.5)
    equation = template.with_numbers(template.filled([parse("x_0")], []))
    assert template.with_names(equation, {"g": 3}) == parse("x_0 + x_3*x_1/2.5")


def test_names_of_columns_may_have_parentheses_in_parts_and_beside_them():
    names = Names.of(["mass (kg)", "speed (m/s)"])
    template = read_template("f('speed (m/s)')*'mass (kg)' + c*`mass (kg)`", names, {})
    assert [(part.name, part.columns) for part in template.parts] == [("f", (1,))]
    equation = template.with_numbers(template.filled([parse("x_1**2")], [3.0]))
    assert equation == parse("x_1**2*x_0 + 3*x_0")
    with pytest.raises(ValueError, match=r"write column 'mass \(kg\)' in quotes, or as mass_kg"):
        read_template("f('speed (m/s)') + c*mass (kg)", names, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (3, "a template is a text"),
        ("a*mass + b", "has no part"),
        ("exp(mass) + c", "has no part"),
        ("f(mas) + c", "did you mean 'mass'"),
        ("f(mass) + f(v)", "part 'f' occurs twice"),
        ("f(mass, mass)", "same column twice"),
        ("f(mass)*c + c", "'c' occurs twice"),
        ("f(mass) + g(2*v)", "part is a function of columns"),
        ("f(mass) + (v", r"expected"),
        ("f(mass) + x_7", "there is no column 'x_7'"),
        ("f(mass) + heights", "did you mean"),
        ("f(mass) + __import__('os')", "there is no column"),
    ],
)
def test_what_cannot_be_read_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read_template(text, NAMES, {})
