"""What is loaded when: seconds of a second fit are seconds of imports."""

import subprocess
import sys

HEAVY = {"torch", "sklearn.ensemble", "sklearn.neighbors", "sklearn.pipeline", "pint", "lightning"}


def loaded_by(code):
    report = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_and_bad_options_load_no_numbers_at_all():
    loaded = loaded_by("import nsr.cli")
    assert not loaded & {*HEAVY, "numpy", "numba", "pandas", "scipy", "sympy", "sklearn", "rich.console"}


def test_a_fit_that_structure_solves_loads_neither_torch_nor_the_networks_weights():
    loaded = loaded_by(
        "import numpy as np\n"
        "from nsr import SymbolicRegressor\n"
        "X = np.linspace(1, 2, 30)[:, None]\n"
        "found = SymbolicRegressor().fit(X, 3 * X[:, 0] ** 2)\n"
        "assert found.best_['loss'] < 1e-20\n"
    )
    assert "sklearn.base" in loaded
    assert not loaded & HEAVY


def test_a_result_is_read_back_without_what_searches():
    loaded = loaded_by("from nsr import load")
    assert "nsr.results" in loaded
    assert not loaded & {*HEAVY, "sympy", "nsr.search.solve"}
