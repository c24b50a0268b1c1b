"""What is loaded when: seconds of a second fit are seconds of imports."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "sklearn.ensemble", "sklearn.neighbors", "sklearn.pipeline", "pint", "lightning"}


def loaded_by(*steps):
    """Names of the modules that are loaded after each of some pieces of code, run one after another."""
    report = "\nimport sys\nprint(*sys.modules)\n"
    code = "".join(step + report for step in steps)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [set(line.split()) for line in done.stdout.splitlines()]


def test_help_and_bad_options_load_no_numbers_at_all():
    (loaded,) = loaded_by("import nsr.cli")
    assert not loaded & {*HEAVY, "numpy", "numba", "pandas", "scipy", "sympy", "sklearn", "rich.console"}


@pytest.mark.integration
def test_a_fit_that_structure_solves_loads_no_torch_and_the_network_not_the_compiler_of_it():
    loaded, with_network = loaded_by(
        "import numpy as np\n"
        "from nsr import SymbolicRegressor\n"
        "X = np.linspace(1, 2, 30)[:, None]\n"
        "found = SymbolicRegressor().fit(X, 3 * X[:, 0] ** 2)\n"
        "assert found.best_['loss'] < 1e-20\n",
        "from nsr.network.checkpoint import from_pretrained\nfrom_pretrained('nsr-small').model",
    )
    assert "sklearn.base" in loaded
    assert not loaded & HEAVY
    assert "torch" in with_network
    assert "torch._dynamo" not in with_network


def test_a_result_is_read_back_without_what_searches():
    (loaded,) = loaded_by("from nsr import load")
    assert "nsr.results" in loaded
    assert not loaded & {*HEAVY, "sympy", "nsr.search.solve"}
