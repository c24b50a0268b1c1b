"""What tests of the campaign share; `-m campaign` tries 10,000 inputs instead of 300."""

import pytest
from campaign import ReachedError

from nsr.search.guesses import Guesses
from nsr.search.structure.stage import Structure


@pytest.fixture
def unsearched(monkeypatch):
    """Ends a fit where its search would begin: everything was read, checked and prepared by then."""

    def reached(*asked):
        raise ReachedError(*asked)

    for name in (
        "nsr.regressor.solved",
        "nsr.ode.regressor.SystemSearch",
        "nsr.ode.regressor.CategorySearch",
        "nsr.fields.regressor.search",
    ):
        monkeypatch.setattr(name, reached)


@pytest.fixture
def few_stages(monkeypatch):
    """Searches end after what is quick, and by work, not by time."""
    monkeypatch.setattr(
        "nsr.search.registry.STAGES", [lambda _: Guesses(), lambda own: Structure(own.structure)]
    )
