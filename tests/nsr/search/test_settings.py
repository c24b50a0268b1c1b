import dataclasses
import re
from dataclasses import replace

import numpy as np
import pytest
from tasks import root, task

from nsr.expressions.parsing import parse
from nsr.ode.settings import OdeSettings
from nsr.search import settings, structure_settings
from nsr.search.settings import SearchSettings
from nsr.search.state import State
from nsr.search.structure.families import relations
from nsr.search.structure_settings import FamiliesSettings, StructureSettings, SurrogateSettings

ALL = {
    kind
    for module in (settings, structure_settings)
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__name__.endswith("Settings")
} | {OdeSettings}


@pytest.mark.parametrize("kind", sorted(ALL, key=lambda kind: kind.__name__))
def test_every_number_is_explained_and_cannot_be_changed_in_place(kind):
    names = {field.name for field in dataclasses.fields(kind)}
    explained = re.findall(r"^ {8}(\w+): ", kind.__doc__, flags=re.MULTILINE)
    assert names == set(explained)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(kind(), min(names), 0)


def test_all_of_them_are_reached_from_those_of_the_search():
    def kinds(one):
        own = [getattr(one, field.name) for field in dataclasses.fields(one)]
        return {type(one)}.union(*(kinds(o) for o in own if type(o) in ALL))

    assert kinds(SearchSettings()) == ALL - {OdeSettings}


def test_a_number_is_varied_by_override(rng):
    X = rng.uniform(1, 2, (40, 2))
    state = root(X, X[:, 0] * np.exp(X[:, 1]))
    fewer = replace(StructureSettings(), families=FamiliesSettings(max_variables=1))
    assert list(relations(state, settings=StructureSettings()))
    assert not list(relations(state, settings=fewer))


def test_surrogates_of_all_states_take_theirs_from_the_search(rng):
    X = rng.uniform(1, 2, (200, 2))
    linear = SurrogateSettings(max_degree=1, finer_degree=1, pure_degree=1)
    state = State.root(task(X, np.exp(X[:, 0] * X[:, 1])), linear)
    for one in (state, state.replaced((0,), parse("x_0*x_1")), state.part(X[:, 0])):
        assert all(surrogate.degrees.sum(axis=1).max() <= 1 for surrogate in one.surrogates)
    assert max(s.degrees.sum(axis=1).max() for s in State.root(state).surrogates) > 1
