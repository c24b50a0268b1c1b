"""Which equations are allowed, and operators of one's own, on the command line."""

import numpy as np
import pandas as pd
import pytest


def test_operators_limits_and_definitions(nsr, tmp_path, registered, rng):
    data, result = tmp_path / "speeds.csv", tmp_path / "result.json"
    frame = pd.DataFrame({"v": rng.uniform(0.1, 0.9, 60), "m": rng.uniform(1, 3, 60)})
    frame.assign(E=1.7 * frame["m"] / np.sqrt(1 - frame["v"] ** 2)).to_csv(data, index=False)
    lorentz = ("--define", "lorentz(v) = 1/sqrt(1 - v**2)")
    limits = ("--operators", "lorentz,*", "--max-constants", "1", "--max-complexity", "8", "--required", "m")
    code, out, err = nsr("fit", data, "--target", "E", *lorentz, *limits, "--output", result)
    assert (code, err) == (0, "")
    assert "E = 1.7*m*lorentz(v)" in out
    code, out, _ = nsr("show", result, "--format", "python")
    assert code == 0
    assert "lorentz" not in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--operators", "exp,sinn"), "did you mean 'sin'?"),
        (("--without", "powrs"), "did you mean 'powers'?"),
        (("--required", "hieght"), "did you mean 'height'?"),
        (("--complexity", "sin"), "write it as in sin=3"),
        (("--nesting", "exp=0"), "write it as in exp(sin)=0"),
        (("--max-argument", "exp"), "write it as in sin=3"),
        (("--max-argument", "x^=3"), "--max-argument: 'x^' is not known"),
        (("--constant-bounds", "a,b"), "as in -10,10"),
        (("--max-depth", "0"), "--max-depth must be a whole number of at least 1"),
        (("--define", "f(x) = y"), "unknown variable 'y'"),
        (("--define", "f = 2"), "write it as in lorentz(v) = 1/sqrt(1 - v**2)"),
    ],
)
def test_limits_that_make_no_sense_are_told_in_a_line(nsr, table, options, message):
    code, _, err = nsr("fit", table, "--target", "energy", *options)
    assert code == 2
    assert message in err.splitlines()[-1]
