import warnings

import numpy as np
import pytest
import sympy

from nsr.data.guesses import Guess, read_guesses
from nsr.data.names import Names
from nsr.data.notes import DataWarning
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.sympy_form import to_sympy

NAMES = Names.of(["mass", "flow [/min]", "m²", "e"])


def read(text, names=NAMES):
    (guess,) = read_guesses([text], names)
    return guess.expression


@pytest.mark.parametrize(
    "text",
    ['a*mass*"flow [/min]"', "a*mass*'flow [/min]'", "a*mass*`flow [/min]`", "a * mass * flow_min"],
)
def test_columns_are_called_by_their_names_or_identifiers(text):
    assert read(text) == Expression(("mul", "mul", PLACEHOLDER, "x_0", "x_1"))


def test_columns_go_before_constants_of_nature_and_functions_before_columns():
    assert read("m²*e") == Expression(("mul", "x_2", "x_3"))
    assert read("2*e_") == Expression(("mul", 2.0, "x_3"))
    assert read("pi*mass").tokens[1] == pytest.approx(np.pi)
    own = Names.of(["exp", "t"])
    assert read("exp(t)*exp", own) == Expression(("mul", "exp", "x_1", "x_0"))


def test_an_energy_is_not_eulers_number():
    (guess,) = read_guesses("k*exp(-E/mass)", Names.of(["mass"]))
    assert guess.names == ("k", "E")
    (guess,) = read_guesses("k*e**(-mass)", Names.of(["mass"]))
    assert guess.names == ("k", "c0")  # e, which is fitted as any number is


def test_a_single_text_is_a_single_guess():
    (guess,) = read_guesses("a*mass", NAMES)
    assert guess == Guess("a*mass", Expression(("mul", PLACEHOLDER, "x_0")), ("a",))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Vm*mass/(Km + mass)", ("Vm", "Km")),
        ("2*mass + k*sin(2.9*m2)", ("c0", "k", "c1")),
        ("c0*mass + 2.5", ("c0", "c1")),
        ("a*mass**n + b", ("a", "n", "b")),
        ("a*mass + a*m2", ("a",)),
    ],
)
def test_constants_keep_their_names(text, names):
    (guess,) = read_guesses(text, NAMES)
    assert guess.names == names
    assert len(guess.expression.free_positions) == len(names)


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_a_name_that_has_to_occur_twice_is_numbered():
    (guess,) = read_guesses("exp(a*mass)*sin(a*m2)", NAMES)
    assert guess.names == ("a", "a_2")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + (b - a)/(1 + (mass/c)**h)", ("a", "b - a", "c0", "c", "h")),
        ("low + (high - low)*mass/(k + mass)", ("low", "high - low", "k")),
        ("a*b + b*mass", ("a*b", "b")),
    ],
)
def test_a_combination_that_may_be_any_number_is_one_constant(text, names):
    """A dose response has its lower limit twice, and could not be written with it once."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'(low|high)' in the guess")
        (guess,) = read_guesses([text], NAMES)
    assert guess.names == names


@pytest.mark.parametrize("slip", ["mas", "Mass", "masss", "maas", "flow_mim"])
def test_what_seems_to_be_a_misspelt_column_is_refused(slip):
    with pytest.raises(ValueError, match=f"'{slip}' is not a column; did you mean"):
        read(f"a*{slip}")


@pytest.mark.parametrize("column", ["T/K", "T [K]", "T (deg C)", "T, mean"])
def test_a_column_without_its_unit_is_no_constant(column):
    names = Names.of([column, "A"])
    with pytest.raises(ValueError, match="'T' is not a column; did you mean 'T"):
        read_guesses("k*A*exp(-E/T)", names)
    (guess,) = read_guesses(f"T*A*'{column}'", names)  # which stands beside it
    assert guess.names == ("T",)


def test_numbered_columns_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="no column 'x_5'"):
        read("x_0*x_5", Names.of_table(np.ones((2, 2))))


def test_a_constant_may_be_named_like_a_column_that_stands_beside_it():
    names = Names.of(["mass", "A"])
    assert read("a*A", names) == Expression(("mul", PLACEHOLDER, "x_1"))
    with pytest.warns(DataWarning, match="'a' in the guess 'a\\*mass' is not the column 'A'"):
        read("a*mass", names)


def test_long_names_that_are_no_columns_are_told():
    with pytest.warns(DataWarning, match="'velocity' in the guess"):
        assert read("velocity*mass").tokens[1] == PLACEHOLDER
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read("k1*mass + c_0 + w*m2")


@pytest.mark.parametrize(
    "text",
    [
        "a*mass + a*m2",
        "a*mass*m2 - m2**2*a",
        "(a + b)*mass + (a - b)*m2",
        "a*exp(mass)*m2 + a*sin(m2)",
        "a/mass + a/m2",
        "(a*mass + a*m2)/(mass + m2**2)",
    ],
)
def test_a_name_that_occurs_twice_is_one_constant(text):
    """As SymPy sees it: with the one value put in, the guess is what the text says."""
    names = Names.of(["mass", "m2"])
    expression = read(text, names)
    a, b, mass, m2 = (sympy.Symbol(name, real=True) for name in ("a", "b", "mass", "m2"))
    said = sympy.sympify(text, {"a": a, "b": b, "mass": mass, "m2": m2})
    n_constants = len(said.free_symbols & {a, b})
    assert expression.tokens.count(PLACEHOLDER) == n_constants
    points = np.random.default_rng(0).uniform(1, 2, (20, 2))
    functions = [
        sympy.lambdify([mass, m2], to_sympy(expression.with_constants(values), names.identifiers))
        for values in ((3.0, 5.0)[:n_constants], (5.0, 3.0)[:n_constants])
    ]
    wanted = sympy.lambdify([mass, m2], said.subs({a: 3, b: 5}))(*points.T)
    assert any(np.allclose(function(*points.T), wanted) for function in functions)


@pytest.mark.parametrize("text", ["exp(a*mass)*sin(a*m2)", "a*mass + a"])
def test_a_name_that_has_to_occur_twice_is_told(text):
    with pytest.warns(DataWarning, match="no short form of the guess .* that has 'a' once"):
        expression = read(text)
    assert len(expression.free_positions) == 2


@pytest.mark.parametrize(
    ("text", "n_fitted"),
    [
        ("(a*mass + b*m2 + c*e + a)**16", 4),
        ("(a*mass + b*m2 + c*e + a)**16.5", 4),
        ("1/(a*mass + b*m2 + c*e + a)**16", 4),
        ("a + 1/(a*mass + b*m2) + " + " + ".join(f"1/(a*mass**{i} + b*m2)" for i in range(2, 16)), 31),
        ("a*mass + a*9**9**9**9", 2),
        ("a*mass + (2*a*m2)**1000000000", 2),
        ("sin(a*mass + a)*log(cosh(a)*cosh(mass)*cosh(m2)*cosh(a*m2)*cosh(e)*cosh(a*e))**30", 5),
    ],
)
def test_what_is_long_once_multiplied_out_is_left_as_it_is_and_told(text, n_fitted):
    """SymPy would not come back from expanding or factoring any of these."""
    with pytest.warns(DataWarning, match="no short form of the guess .* once"):
        assert read(text).tokens.count(PLACEHOLDER) == n_fitted


def test_more_constants_than_can_be_fitted_are_refused():
    def text(n):
        return " + ".join(f"c{i}*sin({i + 1}*mass)" for i in range(n // 2))

    assert len(read(text(200)).free_positions) == 200
    with pytest.raises(ValueError, match="has 202 constants, and 200 can be fitted"):
        read(text(202))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a*flow [/min]", r"write column 'flow \[/min\]' in quotes, or as flow_min"),
        ("a*'nothing'", "no column 'nothing'"),
        ("sin*mass", "'sin' is a function"),
        ("mass +", "ends where"),
        ("__import__('os')", "no column 'os'"),
        ("mass <= 3", "position 6$"),
        ("energy = a*mass", "write only what the target equals: 'a\\*mass'"),
        (3, "a guess is a text"),
    ],
)
def test_guesses_that_cannot_be_read(text, message):
    with pytest.raises(ValueError, match=message):
        read(text)
