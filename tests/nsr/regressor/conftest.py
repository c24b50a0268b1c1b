import pytest
from untrained import UNTRAINED

from nsr import SymbolicRegressor
from nsr.expressions.parsing import parse


@pytest.fixture
def regressor() -> SymbolicRegressor:
    return SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=64)


@pytest.fixture
def guesses(monkeypatch):
    """Replaces the network's guesses by given equations."""

    def use(*texts):
        guesses = [parse(text) for text in texts]
        monkeypatch.setattr(
            "nsr.search.asking.guess",
            lambda _, X, *__, **___: [g for g in guesses if max(g.variables) < X.shape[1]],
        )

    return use
