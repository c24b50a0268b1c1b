"""Equations of motion that are not dx/dt = f(x): with inputs, time, of order 2, and maps."""

import io
import json
import sys

import numpy as np
import pandas as pd
import pytest
import sympy
from scipy.integrate import solve_ivp

import nsr
from nsr import cli
from nsr.ode import ODERegressor
from nsr.results import predictions

TIMES = np.linspace(0, 10, 150)
FORCE = 2 + np.sin(1.3 * TIMES) + 0.5 * np.sin(3.1 * TIMES + 1)


def solved(slope, initial, times):
    return solve_ivp(slope, (times[0], times[-1]), initial, t_eval=times, rtol=1e-10, atol=1e-12).y.T


def storage(initial):
    return solved(lambda t, s: [2 + np.sin(1.3 * t) + 0.5 * np.sin(3.1 * t + 1) - 0.4 * s[0]], initial, TIMES)


def spring(initial):
    return solved(lambda _, x: [x[1], -9 * x[0] - 0.2 * x[1]], initial, TIMES)


def quick(**parameters) -> ODERegressor:
    return ODERegressor(**{"stages": ("library",)} | parameters)


def coefficients(form, *names):
    return [float(form.coeff(sympy.Symbol(name, real=True))) for name in names]


def test_an_observed_input_is_part_of_the_law(tmp_path):
    inputs = pd.DataFrame({"rain": FORCE})
    model = quick().fit(TIMES, pd.DataFrame({"S": storage([1.0])[:, 0]}), inputs=inputs)
    assert coefficients(sympy.expand(model.sympy()[0]), "S", "rain") == pytest.approx([-0.4, 1], rel=1e-2)
    np.testing.assert_allclose(model.predict(TIMES, [3.0], inputs=inputs), storage([3.0]), atol=0.02)
    assert model.names_.identifiers == ("S", "rain")
    model.save(tmp_path / "result.json")
    again = nsr.load(tmp_path / "result.json")
    given = inputs.assign(other=0.0)[["other", "rain"]]  # found by name
    np.testing.assert_array_equal(
        again.predict(TIMES, [3.0], inputs=given), model.predict(TIMES, [3.0], inputs=inputs)
    )
    assert (again.motion_, repr(again)) == (model.motion_, repr(model))


def test_each_trajectory_has_its_own_inputs():
    second = storage([4.0]) + 0.0
    model = quick().fit([TIMES] * 2, [storage([1.0]), second], inputs=[FORCE[:, None]] * 2)
    assert model.names_.identifiers == ("x_0", "u_0")
    assert model.best_["r2"] > 0.9999


def test_positions_alone_are_enough_for_order_two():
    model = quick(order=2).fit(TIMES, pd.DataFrame({"x": spring([1.0, 0.0])[:, 0]}))
    assert model.best_["equation"].startswith("d2x/dt2 = ")
    assert coefficients(model.sympy()[0], "x", "x_dot") == pytest.approx([-9, -0.2], rel=1e-3)
    np.testing.assert_allclose(model.initial_values_[0], [1.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(model.predict(TIMES, [0.5, 0.3]), spring([0.5, 0.3])[:, :1], atol=1e-3)
    assert model.latex_table().count(r"\frac{d^{2} x}{dt^{2}}") == len(model.equations_)
    assert model.python()[0].startswith("def d2x_dt2(x, x_dot):")


def test_simulations_of_a_table_begin_where_it_does(tmp_path):
    model = quick(order=2).fit(pd.Series(TIMES, name="t"), pd.DataFrame({"x": spring([1.0, 0.0])[:, 0]}))
    fresh = pd.DataFrame({"t": TIMES, "x": spring([0.5, 0.3])[:, 0]})
    fresh.loc[60:, "x"] = np.nan
    fresh.to_csv(tmp_path / "fresh.csv", index=False)
    found = predictions(model, tmp_path / "fresh.csv")
    np.testing.assert_allclose(found["x"], spring([0.5, 0.3])[:, 0], atol=1e-3)
    fresh.iloc[::-1].to_csv(tmp_path / "fresh.csv", index=False)
    pd.testing.assert_frame_equal(
        predictions(model, tmp_path / "fresh.csv").iloc[::-1].reset_index(drop=True), found
    )
    fresh.loc[0, "x"] = np.nan
    fresh.to_csv(tmp_path / "fresh.csv", index=False)
    with pytest.raises(ValueError, match="the earliest row, at time 0, must hold x"):
        predictions(model, tmp_path / "fresh.csv")


def test_noise_leaves_an_oscillator_of_order_two_what_it_is():
    rng = np.random.default_rng(0)
    noisy = spring([1.0, 0.0])[:, :1] + 0.02 * rng.standard_normal((150, 1))
    model = quick(order=2).fit(TIMES, noisy)
    assert coefficients(model.sympy()[0], "x_0", "x_0_dot") == pytest.approx([-9, -0.2], rel=0.1)


def test_the_time_may_stand_in_the_law():
    model = quick(explicit_time=True).fit(pd.Series(TIMES, name="hour"), np.sin(TIMES)[:, None])
    hour = sympy.Symbol("hour", real=True)
    assert float(model.sympy()[0].coeff(sympy.cos(hour))) == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(model.predict(TIMES, [0.7])[:, 0], 0.7 + np.sin(TIMES), atol=1e-6)


def test_a_chaotic_map_is_found_and_iterated():
    values = [0.1]
    for _ in range(299):
        values.append(3.7 * values[-1] * (1 - values[-1]))
    model = quick(discrete=True).fit(np.arange(300), np.array(values)[:, None])  # warns of nothing
    x = sympy.Symbol("x_0", real=True)
    assert model.best_["equation"].startswith("x_0[k+1] = ")
    form = sympy.lambdify(x, model.sympy()[0])
    grid = np.linspace(0, 1, 9)
    np.testing.assert_allclose(form(grid), 3.7 * grid * (1 - grid), atol=1e-6)
    assert model.predict([0, 2], [0.3])[1, 0] == pytest.approx(3.7 * 0.777 * 0.223, rel=1e-5)


def test_noise_leaves_a_chaotic_map_what_it_is():
    states = [np.array([0.1, 0.1])]
    for _ in range(199):
        x, y = states[-1]
        states.append(np.array([1 - 1.4 * x**2 + y, 0.3 * x]))
    noisy = np.array(states) * (1 + 0.01 * np.random.default_rng(0).standard_normal((200, 2)))
    model = quick(discrete=True).fit(np.arange(200), noisy)
    grid = np.random.default_rng(1).uniform(-1, 1, (9, 2))
    found = [model.predict([0, 1], start)[1] for start in grid]
    true = np.column_stack((1 - 1.4 * grid[:, 0] ** 2 + grid[:, 1], 0.3 * grid[:, 0]))
    np.testing.assert_allclose(found, true, atol=0.05)


def test_what_drives_a_system_may_multiply_a_state():
    """Logistic growth by season."""

    def growth(time, x):
        return (0.8 + 0.5 * np.sin(2 * time)) * x - 0.3 * x**2

    times = np.linspace(0, 12, 200)
    model = quick(explicit_time=True).fit(times, solved(growth, [0.5], times))
    np.testing.assert_allclose(model.predict(times, [1.5]), solved(growth, [1.5], times), atol=1e-3)


@pytest.mark.parametrize(
    ("parameters", "given", "message"),
    [
        ({"order": 3}, {}, "order must be 1 or 2, not 3"),
        ({"order": 2, "discrete": True}, {}, "maps have no derivatives"),
        ({"discrete": True}, {}, "times count steps: give whole numbers"),
        ({}, {"inputs": FORCE[:-1]}, "there are 150 times: give the inputs at each, not 149 rows"),
        ({}, {"inputs": np.where(FORCE > 3, np.nan, FORCE)}, "inputs must be finite"),
        ({}, {"inputs": [str(value) + "m" for value in FORCE]}, "inputs must be numbers"),
    ],
)
def test_what_cannot_be_fitted_is_refused(parameters, given, message):
    with pytest.raises(ValueError, match=message):
        quick(**parameters).fit(TIMES, storage([1.0]), **given)


def test_what_cannot_be_predicted_is_refused():
    model = quick().fit(TIMES, storage([1.0]), inputs=pd.DataFrame({"rain": FORCE}))
    with pytest.raises(ValueError, match="the system has inputs: give rain at all times"):
        model.predict(TIMES, [1.0])
    with pytest.raises(ValueError, match="the inputs of the fit were rain, not snow"):
        model.predict(TIMES, [1.0], inputs=pd.DataFrame({"snow": FORCE}))
    with pytest.raises(ValueError, match="1 inputs are needed, not 2"):
        model.predict(TIMES, [1.0], inputs=np.column_stack((FORCE, FORCE)))
    second = quick(order=2).fit(TIMES, spring([1.0, 0.0])[:, :1])
    with pytest.raises(ValueError, match="2 initial positions and velocities are needed, not 1"):
        second.predict(TIMES, [1.0])
    second.set_params(warm_start=True, order=1)
    with pytest.raises(ValueError, match="equations of its kind"):
        second.fit(TIMES, spring([1.0, 0.0])[:, :1])


def test_the_command_knows_inputs_and_shows_them_again(monkeypatch, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    data, result, picture = (tmp_path / name for name in ("data.csv", "result.json", "picture.png"))
    observed = storage([1.0])[:, 0].round(3)
    pd.DataFrame({"t (h)": TIMES, "S": observed, "rain (mm)": FORCE}).to_csv(data, index=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nsr", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capsys.readouterr()

    fit = ("ode", data, "--time", "t (h)", "--inputs", "rain (mm)", "--explicit-time", "--stages", "library")
    code, out, err = run(*fit, "--output", result, "--plot", picture)
    *_, equation, constants = out.splitlines()
    assert (code, "rain_mm" in equation) == (0, True)
    assert constants.startswith("  constants ")
    assert "±" in constants
    assert "column 'rain (mm)' is written rain_mm" in err
    assert picture.read_bytes().startswith(b"\x89PNG")
    content = json.loads(result.read_text())
    assert content["variables"] == ["S", "rain_mm", "t_h"]
    assert content["columns"] == {"S": "S", "rain_mm": "rain (mm)", "t_h": "t (h)"}
    assert run("show", result)[1].splitlines()[-2:] == [equation, constants]
    found = pd.read_csv(io.StringIO(run("predict", result, data)[1]))
    np.testing.assert_allclose(found["S"], storage([1.0])[:, 0], atol=0.01)
    code, _, err = run("ode", data, "--time", "t (h)", "--states", "S", "--inputs", "S")
    assert (code, err) == (2, "nsr: column 'S' holds an input; leave it out of --states\n")


def test_a_driven_oscillator_is_found_from_its_positions():
    """Duffing's, which is chaotic at this force: what drives it has a frequency of its own."""
    times = np.linspace(0, 40, 400)
    states = solved(
        lambda t, x: [x[1], -0.3 * x[1] + x[0] - x[0] ** 3 + 0.5 * np.cos(1.2 * t)], [1.0, 0.0], times
    )
    model = quick(order=2, explicit_time=True).fit(times, pd.DataFrame({"x": states[:, 0]}))
    x, v, t = sympy.symbols("x x_dot t", real=True)
    expected = x - x**3 - 0.3 * v + 0.5 * sympy.cos(1.2 * t)
    off = sympy.lambdify((x, v, t), model.sympy()[0] - expected)
    grid = np.random.default_rng(0).uniform(-1, 1, (3, 50)) * [[1], [1], [20]]
    np.testing.assert_allclose(off(*grid), 0, atol=1e-3)
