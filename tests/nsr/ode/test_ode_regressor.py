"""From trajectories to equations: known systems, noise, several trajectories, and the hare and the lynx."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
import sympy

from nsr import cli
from nsr.data.notes import DataWarning
from nsr.expressions.parsing import parse
from nsr.ode import ODERegressor
from nsr.ode.integrate import Systems

PENDULUM = ("x_1", "-2*sin(x_0) - 0.3*x_1")


def observed(equations, initial, end, n_points=120, noise=0.0):
    system = tuple(map(parse, equations))
    times = np.linspace(0, end, n_points)
    states = Systems([system]).integrate(np.array([initial], dtype=float), times, rtol=1e-9)[0]
    rng = np.random.default_rng(0)
    return times, states * (1 + noise * rng.standard_normal(states.shape))


@pytest.mark.parametrize(
    ("equations", "initial", "end"),
    [
        (PENDULUM, [2.0, 0.0], 10),
        (("0.8*x_0 - 0.1*x_0**2",), [0.5], 8),
        (("-0.8*x_0*x_1", "0.8*x_0*x_1 - 0.2*x_1"), [0.99, 0.01], 30),
    ],
)
def test_clean_systems_come_back_exactly(equations, initial, end):
    times, states = observed(equations, initial, end)
    model = ODERegressor().fit(times, states)
    fresh = np.array(initial) * 0.7 + 0.05
    _, expected = observed(equations, fresh, end)
    np.testing.assert_allclose(model.predict(times, fresh), expected, atol=1e-3 * np.abs(expected).max())
    assert len(model.expressions_[model.best_index_]) == len(equations)
    assert model.best_["r2"] > 0.999999


def test_noise_leaves_the_pendulum_a_pendulum():
    times, states = observed(PENDULUM, [2.0, 0.0], 10, noise=0.03)
    model = ODERegressor(stages=("library", "variation"))
    model.fit(times, pd.DataFrame(states, columns=["angle", "speed"]))
    angle, speed = sympy.symbols("angle speed", real=True)
    first, second = model.sympy()
    assert float(first.coeff(speed)) == pytest.approx(1, rel=0.05)
    assert float(second.coeff(sympy.sin(angle))) == pytest.approx(-2, rel=0.05)
    assert model.best_["equation"].startswith("dangle/dt = ")
    assert model.equations(3)[model.best_index_].startswith("dangle/dt = ")
    assert "sin" in model.latex()[1]


def test_several_trajectories_say_more_than_one():
    parts = [observed(("x_1", "x_0 - x_0**3"), start, 3, 60) for start in ([1.5, 0.0], [0.3, 0.1])]
    model = ODERegressor().fit([times for times, _ in parts], [states for _, states in parts])
    times, expected = observed(("x_1", "x_0 - x_0**3"), [-1.2, 0.4], 6)
    np.testing.assert_allclose(model.predict(times, [-1.2, 0.4]), expected, atol=1e-2)


def test_no_time_at_all_still_gives_a_system():
    times, states = observed(PENDULUM, [2.0, 0.0], 10)
    with pytest.warns(DataWarning, match="give the search more time with time_limit"):
        model = ODERegressor(time_limit=1e-3).fit(times, states)
    assert np.all(np.isfinite(model.predict(times, states[0])[:10]))


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_state_that_never_moves_has_no_derivative(value):
    times, states = observed(("-0.7*x_0",), [2.0], 5, 60)
    model = ODERegressor(stages=("library",)).fit(times, np.column_stack((states, np.full(60, value))))
    assert model.sympy()[1] == 0
    assert set(model.equations_["stage"]) == {"library"}
    np.testing.assert_allclose(model.predict(times, [1.0, value])[:, 0], np.exp(-0.7 * times), rtol=1e-4)


@pytest.mark.parametrize("size", [1e-8, 1e8])
def test_units_do_not_matter(size):
    times, states = observed(("-0.7*x_0",), [2.0], 5, 60)
    model = ODERegressor(stages=("library",)).fit(times / size, size * states)
    found = model.predict(times / size, [size])[:, 0]
    np.testing.assert_allclose(found, size * np.exp(-0.7 * times), rtol=1e-4)


def test_states_that_begin_at_zero_are_no_trouble():
    times, states = observed(("-0.5*x_0", "0.5*x_0 - 0.1*x_1"), [1.0, 0.0], 10)
    model = ODERegressor(stages=("library",)).fit(times, states)
    _, expected = observed(("-0.5*x_0", "0.5*x_0 - 0.1*x_1"), [0.0, 2.0], 10)
    np.testing.assert_allclose(model.predict(times, [0.0, 2.0]), expected, atol=1e-3)


@pytest.fixture
def nsr(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nsr", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return run


def test_hare_and_lynx_are_prey_and_predator(nsr, tmp_path):
    """Lotka and Volterra's equations from the furs of a hundred years ago."""
    pytest.importorskip("matplotlib")
    result, picture = tmp_path / "result.json", tmp_path / "hare_lynx.png"
    arguments = ("--time", "year", "--stages", "library,variation", "--output", result, "--plot", picture)
    code, out, _ = nsr("ode", "examples/hare_lynx.csv", *arguments)
    assert code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    hare, lynx = sympy.symbols("hare lynx")
    content = json.loads(result.read_text())
    best = content["systems"][content["best"]]
    texts = [text.split(" = ")[1] for text in best["equation"].split("; ")]
    prey, predator = (
        sympy.expand(sympy.parse_expr(t, local_dict={"hare": hare, "lynx": lynx})) for t in texts
    )
    assert "dhare/dt = " in out
    assert set(prey.as_coefficients_dict()) == {hare, hare * lynx}
    assert set(predator.as_coefficients_dict()) == {lynx, hare * lynx}
    assert prey.coeff(hare).subs(lynx, 0) > 0 > predator.subs(hare, 0).coeff(lynx)
    assert best["r2"] > 0.9


def test_trajectories_are_told_apart_by_a_column(nsr, tmp_path):
    parts = []
    for name, start in (("a", 0.5), ("b", 12.0)):
        times, states = observed(("0.8*x_0 - 0.1*x_0**2",), [start], 5, 40)
        parts.append(pd.DataFrame({"run": name, "t": times, "cells (1000)": states[:, 0]}))
    path = tmp_path / "growth.csv"
    pd.concat(parts).to_csv(path, index=False)
    code, out, err = nsr("ode", path, "--time", "t", "--trajectory", "run")
    assert code == 0
    assert "is written cells_1000" in err
    assert "0.8" in out
    code, _, err = nsr("ode", path, "--time", "t")
    assert code == 2
    assert "more than once" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--time", "date"), "date"),
        (("--time", "year", "--states", "hare,fox"), "fox"),
        (("--time", "year", "--trajectory", "island"), "island"),
        (("--time", "year", "--states", "year,hare"), "leave it out of --states"),
        (("--time", "year", "--stages", "library,sindy"), "sindy"),
    ],
)
def test_columns_that_are_not_there(nsr, arguments, message):
    code, _, err = nsr("ode", "examples/hare_lynx.csv", *arguments)
    assert code == 2
    assert message in err


def test_initial_values_must_fit():
    times, states = observed(("0.8*x_0 - 0.1*x_0**2",), [0.5], 8, 40)
    model = ODERegressor(time_limit=1).fit(times, states)
    with pytest.raises(ValueError, match="1 initial values are needed"):
        model.predict(times, [1.0, 2.0])
