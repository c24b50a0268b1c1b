"""`nsr ode --category`."""

import numpy as np
import pandas as pd


def test_groups_are_fitted_saved_and_simulated(nsr, tmp_path):
    t = np.linspace(0, 6, 40)
    parts = {"warm": 3.0 * np.exp(-0.8 * t), "cold": 2.0 * np.exp(-0.3 * t)}
    frames = [pd.DataFrame({"where": label, "t": t, "x": x}) for label, x in parts.items()]
    table, result, picture = tmp_path / "decay.csv", tmp_path / "decay.json", tmp_path / "decay.png"
    pd.concat(frames).to_csv(table, index=False)
    options = ("--time", "t", "--category", "where", "--stages", "library", "--time-limit", "4")
    code, out, err = nsr("ode", table, *options, "--output", result, "--plot", picture)
    assert (code, err) == (0, "")
    assert "0.3*is_cold" in out.splitlines()[-1]
    assert picture.exists()
    frames[1].to_csv(table, index=False)
    code, out, err = nsr("predict", result, table)
    assert (code, err) == (0, "")
    simulated = np.genfromtxt(out.splitlines(), delimiter=",", names=True)
    np.testing.assert_allclose(simulated["x"], parts["cold"], rtol=1e-4)
    pd.concat(frames).to_csv(table, index=False)
    assert "has 2 groups" in nsr("predict", result, table)[2]
