import pytest

from nsr.data.column_units import ordered_units, units_in_text
from nsr.data.names import Names

NAMES = Names.of(["mass", "length, outer", "v"])


def test_units_are_ordered_by_the_names_of_columns():
    assert ordered_units({"v": "m/s", "length_outer": "m", "mass": "kg"}, NAMES) == ["kg", "m", "m/s"]
    assert ordered_units(["kg", "m", "m/s"], NAMES) == ["kg", "m", "m/s"]


def test_names_with_commas_stand_in_quotes():
    text = 'v = m/s, "length, outer=m", mass=kg, E=J'
    assert units_in_text(text, NAMES, "E") == (["kg", "m", "m/s"], "J")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mass=kg,v=m/s,E=J", "no unit for 'length, outer'"),
        ("mass=kg,mass=kg,E=J", "'mass=kg' names a column twice"),
        ("mass=kg,v,E=J", "'v' is not of the form name=unit"),
        ("mass=kg", "gives the target 'E' no unit"),
        ("mas=kg,E=J", "no column 'mas'; did you mean 'mass'"),
        ("length_outer=m,'length, outer=m',E=J", "form name=unit"),
        ('length_outer=m,"length, outer=m",E=J', "two units for 'length, outer'"),
    ],
)
def test_units_that_cannot_be_used(text, message):
    with pytest.raises(ValueError, match=message):
        units_in_text(text, NAMES, "E")
