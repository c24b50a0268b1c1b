"""What tables of known functions show."""

import numpy as np
import pandas as pd
import pytest

import nsr


def columns(n=400, seed=4, **ranges):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.uniform(*ends, n) for name, ends in ranges.items()})


def texts(found, kind):
    return [statement.text for statement in found.of_kind(kind)]


def test_a_power_law_with_an_idle_column():
    X = columns(G=(1, 2), m1=(1, 5), m2=(1, 5), r=(1, 3), colour=(0, 1))
    found = nsr.discover(X, X["G"] * X["m1"] * X["m2"] / X["r"] ** 2, "F")
    assert texts(found, "idle") == ["F does not depend on colour"]
    assert texts(found, "scaling") == ["F over G*m1*m2/r**2 is constant"]
    assert texts(found, "exchange") == ["F stays the same where m1, m2 change places"]
    assert "F falls with r everywhere" in texts(found, "monotone")
    assert texts(found, "product") == ["F is a product of functions of G and of m1 and of m2 and of r"]
    assert all(statement.error < 1e-6 for statement in found)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_wave_packet_sees_a_difference_with_noise_too(rng, noise):
    X = columns(a=(-2, 2), b=(-2, 2), c=(1, 3))
    y = np.exp(-((X["a"] - X["b"]) ** 2)) * X["c"] * (1 + noise * rng.normal(size=len(X)))
    found = nsr.discover(X, y)
    assert "y depends on a, b only by a - b" in texts(found, "symmetry")
    assert texts(found, "scaling")[0] == "y over c depends on a, b alone"
    assert texts(found, "product")[0] == "y is a product of functions of a, b and of c"
    assert "y stays the same where a, b change places" in texts(found, "exchange")
    assert all(statement.error < 0.05 for statement in found)


@pytest.mark.parametrize("seed", [2, 8, 12, 30])
def test_what_noise_lets_a_stand_in_rise_with_is_not_said_to_rise(seed):
    X = columns(n=60, seed=seed, d=(0.5, 3), length=(0.1, 2), temperature=(18, 27))
    y = X["d"] ** 4 / X["length"] * (1 + 0.01 * np.random.default_rng(seed).normal(size=60))
    found = nsr.discover(X, y)
    assert texts(found, "monotone") == ["y rises with d everywhere", "y falls with length everywhere"]


def test_sums_mirrors_and_low_degree():
    X = columns(a=(-2, 2), b=(-2, 2), c=(1, 3))
    found = nsr.discover(X, X["a"] ** 2 + np.sin(X["b"]) + X["c"])
    assert texts(found, "sum") == ["y is a sum of functions of a and of b and of c"]
    assert texts(found, "even") == ["y is even in a"]
    cubic = nsr.discover(X[["a", "b"]], X["a"] ** 3 + X["a"] * X["b"] ** 2)
    assert texts(cubic, "odd") == ["y is odd in a"]
    assert "y is even in b" in texts(cubic, "even")
    assert texts(cubic, "polynomial")[0] == "y is a polynomial of degree 3 of a, b"


def test_a_function_that_enters_linearly():
    X = columns(a=(1, 3), b=(1, 3), c=(1, 3))
    found = nsr.discover(X, np.sin(X["a"]) * X["b"] + np.exp(X["b"] / 3) * X["c"] ** 2)
    assert "y is linear in a function of a" in texts(found, "affine")


def test_units_say_what_numbers_the_law_is_of():
    X = columns(rho=(1, 2), v=(1, 5), d=(1, 2), mu=(1, 2))
    drag = X["rho"] * X["v"] ** 2 * (0.3 + X["mu"] / (X["rho"] * X["v"] * X["d"]))
    units = {"rho": "kg/m^3", "v": "m/s", "d": "m", "mu": "Pa*s"}
    found = nsr.discover(X, drag, "p", units, "Pa")
    assert texts(found, "units") == ["units allow p over rho*v**2 depends on rho*v*d/mu alone"]
    assert texts(found, "scaling") == ["p over rho*v**2 depends on mu/(rho*v*d) alone"]


def test_of_noise_and_of_a_constant_there_is_nothing_to_say(rng):
    X = columns(a=(0, 1), b=(0, 1))
    found = nsr.discover(X, rng.normal(size=len(X)))
    assert [statement.kind for statement in found] == ["smooth"]
    assert "too noisy" in repr(found)
    assert texts(nsr.discover(X, np.ones(len(X))), "constant") == ["y is the same in all rows"]
    X["still"] = 3.0
    still = nsr.discover(X, X["a"] + X["b"])
    assert texts(still, "constant") == ["still is the same in all rows"]
    assert list(still.table.columns) == ["kind", "text", "error", "compared"]


def test_bad_input_is_named(rng):
    X = rng.random((9, 2))
    with pytest.raises(ValueError, match="fill gaps"):
        nsr.discover(X, X[:, 0])
    with pytest.raises(ValueError, match="n_rows"):
        nsr.discover(X, X)
    with pytest.raises(ValueError, match="units were given for 1"):
        nsr.discover(rng.random((50, 2)), rng.random(50), X_units=["m"], y_units="m")
