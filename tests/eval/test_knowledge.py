import numpy as np
import pytest

from eval.knowledge import GROUPS, NATURE, TEMPLATES, _values
from nsr.data.column_units import parsed_units
from nsr.data.names import Names
from nsr.data.nature import read_constants, values_of
from nsr.data.templates import read_template
from nsr.expressions.parsing import parse


@pytest.mark.parametrize(("law", "n_differing", "n_constants"), GROUPS)
def test_laws_by_group_have_the_constants_that_are_counted(law, n_differing, n_constants):
    names = ["x", "y", "p", "q"]
    used = {names[place] for place in parse(law, names).variables}
    assert len(used & {"p", "q"}) == n_differing <= n_constants


@pytest.mark.parametrize(("law", "constants", "ranges", "units"), NATURE)
def test_laws_of_nature_depend_on_their_constants_and_have_their_units(law, constants, ranges, units):
    names = Names.of(list(ranges))
    known = read_constants(constants, names)
    columns = {name: np.array([low, high]) for name, (low, high) in ranges.items()}
    for name, value in values_of(known).items():
        own = values_of(known)
        assert np.all(_values(law, columns | own) != _values(law, columns | own | {name: 2 * value}))
    if units is not None:
        words = [*names.identifiers, *(one.identifier for one in known)]
        parsed = parsed_units(*units, names, "dimensionless", known)
        assert parsed.allow(parse(law, words))


@pytest.mark.parametrize(("template", "law"), TEMPLATES)
def test_templates_can_be_read(template, law):
    names = Names.of(["a", "b", "c"])
    read = read_template(template, names, {})
    assert set(parse(law, names.identifiers).variables) == read.columns
