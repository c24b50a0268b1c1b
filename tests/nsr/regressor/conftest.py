import pytest
from effort import IDLE
from guessing import guess_instead
from untrained import UNTRAINED

from nsr import SymbolicRegressor


@pytest.fixture
def regressor() -> SymbolicRegressor:
    return SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=64, settings=IDLE)


@pytest.fixture
def guesses(monkeypatch):
    """Replaces the network's guesses by given equations."""
    return guess_instead(monkeypatch)
