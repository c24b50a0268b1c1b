import numpy as np
import pytest
import scipy.constants

from nsr.data.column_units import parsed_units
from nsr.data.guesses import read_guesses
from nsr.data.names import Names
from nsr.data.nature import NamedConstant, constants_in_text, read_constants

NAMES = Names.of(["x", "time"])


@pytest.mark.parametrize(
    ("given", "value", "unit"),
    [
        (9.81, 9.81, None),
        ((9.81, "m/s^2"), 9.81, "m/s^2"),
        ("9.81", 9.81, None),
        ("-1.5e-3 m/s^2", -1.5e-3, "m/s^2"),
        ("scipy", scipy.constants.g, "m s^-2"),
        ("electron mass", scipy.constants.m_e, "kg"),
        ("fine-structure constant", scipy.constants.alpha, "1"),
    ],
)
def test_values_are_numbers_texts_or_scipy_s(given, value, unit):
    (found,) = read_constants({"g": given}, NAMES)
    assert (found.value, found.unit) == (value, unit)


SHORT = "c G g h hbar e k N_A R epsilon_0 mu_0 sigma alpha Rydberg Wien m_e m_p m_n m_u atm"


@pytest.mark.parametrize("name", SHORT.split())
def test_short_names_are_those_of_scipy(name):
    (found,) = read_constants({name: "scipy"}, NAMES)
    np.testing.assert_allclose(found.value, getattr(scipy.constants, name), rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("g", "mapping such as"),
        ({"x": 2.0}, "name of a column"),
        ({"e": 2.0, "e_": 3.0}, "of another constant"),
        ({"g": "gravty"}, "SciPy knows no constant 'gravty'"),
        ({"g": "electron mas"}, "did you mean 'electron mass'"),
        ({"zz": "scipy"}, "SciPy knows no constant 'zz'"),
        ({"g": None}, "give a number"),
        ({"g": True}, "give a number"),
        ({"g": 0.0}, "must be finite and not zero"),
        ({"": 1.0}, "empty name"),
    ],
)
def test_what_is_no_constant_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        read_constants(given, NAMES)


def test_constants_on_the_command_line():
    found = constants_in_text(["g=9.81 m/s^2", "c = scipy"])
    assert found == {"g": "9.81 m/s^2", "c": "scipy"}
    for wrong in (["g"], ["=3"], ["g=1", "g=2"]):
        with pytest.raises(ValueError, match="--constant"):
            constants_in_text(wrong)


def test_constants_have_units_where_columns_have():
    units = parsed_units(["m", "s"], "m", NAMES, "dimensionless", [NamedConstant("g", 9.81, "m/s^2")])
    assert len(units.variables) == 3
    with pytest.raises(ValueError, match="the constant 'g' has none"):
        parsed_units(["m", "s"], "m", NAMES, "dimensionless", [NamedConstant("g", 9.81)])
    of_si = read_constants({"c": "scipy"}, NAMES)
    with pytest.warns(UserWarning, match="no value is converted"):
        parsed_units(["km", "s"], "m", NAMES, "dimensionless", of_si)


def test_constants_in_guesses_are_numbers():
    (guess,) = read_guesses("a*g*x**2", NAMES, {"g": -9.81})
    assert -9.81 in guess.expression.tokens
    assert guess.names == ("a", "c0")
