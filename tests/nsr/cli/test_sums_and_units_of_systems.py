"""`nsr ode --conserved` and `--units`."""

import numpy as np
import pandas as pd

from nsr.results import load


def test_sums_are_given_found_told_and_saved(nsr, tmp_path):
    """Decay from A to B, so that A + B stays what it is."""
    t = np.linspace(0, 6, 40)
    table, result = tmp_path / "decay.csv", tmp_path / "decay.json"
    pd.DataFrame({"t": t, "A": np.exp(-0.8 * t), "B": 1 - np.exp(-0.8 * t)}).to_csv(table, index=False)
    options = ("--time", "t", "--stages", "library", "--time-limit", "3")
    code, out, err = nsr("ode", table, *options, "--conserved", "A + B", "--output", result)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "A + B stays constant"
    assert load(result).conserved_ == ["A + B"]
    assert nsr("show", result)[1].splitlines()[-1] == "A + B stays constant"
    code, out, err = nsr("ode", table, *options)
    assert (code, out.splitlines()[-1]) == (0, "A + B stays constant")
    assert "with --conserved none others are, too" in " ".join(err.split())
    assert "stays constant" not in "".join(nsr("ode", table, *options, "--conserved", "none")[1:])
    code, out, err = nsr("ode", table, *options, "--conserved", "A*B")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_units_are_read(nsr, tmp_path):
    t = np.linspace(0, 6, 40)
    table = tmp_path / "decay.csv"
    pd.DataFrame({"t": t, "A": np.exp(-0.8 * t)}).to_csv(table, index=False)
    options = ("--time", "t", "--stages", "library", "--time-limit", "3")
    code, out, err = nsr("ode", table, *options, "--units", "t=s,A=mol")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "dA/dt = -0.8*A"
    refused = {"t=s": "none for 'A'", "A": "not of the form name=unit", "t=s,A=x1": "not a unit"}
    for units, said in refused.items():
        code, out, err = nsr("ode", table, *options, "--units", units)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err
