import numpy as np
import pytest
from effort import HASTY
from numba.core import event

from nsr.expressions.parsing import parse
from nsr.ode.compiling import compile_ode_kernels
from nsr.ode.integrate import Systems
from nsr.ode.slopes import local_slopes
from nsr.regressor import SymbolicRegressor
from nsr.search.evolution.breeding import Grammar, bred
from nsr.search.evolution.genomes import Genomes


@pytest.fixture
def compiled():
    """Names of the kernels that are compiled, or loaded, during a test."""

    class Listener(event.Listener):
        def __init__(self):
            self.names = []

        def on_start(self, event):
            if event.data["dispatcher"].py_func.__module__.startswith("nsr."):
                self.names.append(event.data["dispatcher"].py_func.__name__)

        def on_end(self, event):
            pass

    with event.install_listener("numba:compile", Listener()) as listener:
        yield listener


def test_once_compiled_neither_a_fit_nor_a_simulation_compiles_anything_more(compiled, rng):
    compile_ode_kernels()
    # What breeds is compiled where a search first comes so far.
    members = Genomes.of([parse("x_0 + 1")], 64)
    bred(members, 1, Grammar.of(1), rng, HASTY.evolution)
    compiled.names.clear()
    X = rng.uniform(1, 2, (40, 2))
    SymbolicRegressor(stages=("families", "separation", "reduction", "evolution"), settings=HASTY).fit(
        X, 1.3 * np.sqrt(X[:, 0]) + np.exp(X[:, 1] / 3) + 0.1 * rng.standard_normal(40)
    )
    times = np.linspace(0, 1, 20)
    states = Systems([(parse("x_1"), parse("-x_0"))]).integrate(np.ones((1, 2)), times)
    local_slopes(times[None], states, 4, rng)
    assert compiled.names == []
