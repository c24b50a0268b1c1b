"""Equations of fields against solutions in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from numpy.testing import assert_allclose

import nsr
from nsr import PDERegressor
from nsr.data.notes import DataWarning
from nsr.fields.predicting import simulated
from nsr.fields.settings import FieldSettings


def coefficients(model):
    """Coefficients of the chosen equation by the text of their monomials."""
    (found,) = model.sympy()
    return {str(term): float(value) for term, value in sympy.expand(found).as_coefficients_dict().items()}


def test_moving_and_decaying_waves(cooling):
    t, x, u = cooling
    model = PDERegressor().fit(u, t=t, x=x)
    found = coefficients(model)
    assert set(found) == {"u_x", "u_xx"}
    assert_allclose([found["u_x"], found["u_xx"]], [-0.5, 0.3], rtol=1e-5)
    assert model.boundaries_ == ("periodic",)
    assert model.constants_.empty, "an exact equation has no errors of constants"


def test_errors_hold_the_truth_under_noise(cooling):
    t, x, u = cooling
    noisy = u + 0.1 * np.std(u) * np.random.default_rng(1).standard_normal(u.shape)
    model = PDERegressor().fit(noisy, t=t, x=x)
    table = model.constants_.set_index("term")
    assert set(table.index) == {"u_x", "u_xx"}
    for term, truth in (("u_x", -0.5), ("u_xx", 0.3)):
        assert table.loc[term, "low"] < truth < table.loc[term, "high"]
        assert 0 < table.loc[term, "error"] < 0.05 * abs(truth)


def test_a_shock_is_carried_by_itself_and_its_ends_stay(soliton):
    t, x, u = soliton
    noisy = u + 0.01 * np.random.default_rng(0).standard_normal(u.shape)
    model = PDERegressor().fit(noisy, t=t, x=x)
    assert model.boundaries_ == ("fixed",)
    # A wave that keeps its form cannot tell u_t from -c u_x: any equation that it solves is right.
    assert_allclose(model.predict(t, u[0])["u"], u, atol=0.05)


def test_waves_are_of_order_two(tmp_path):
    t, x = np.linspace(0, 4, 81), np.linspace(0, 2 * np.pi, 64, endpoint=False)
    T, X = np.meshgrid(t, x, indexing="ij")
    u = sum(
        a * np.cos(k * (X - 1.5 * T)) + (1 - a) * np.sin(k * (X + 1.5 * T)) for k, a in ((1, 0.7), (2, 0.4))
    )
    model = PDERegressor(order=2).fit(u, t=t, x=x)
    assert_allclose(coefficients(model)["u_xx"], 2.25, rtol=1e-5)
    assert model.equations()[model.best_index_].startswith("u_tt = ")
    rate = np.gradient(u, t, axis=0, edge_order=2)[0]
    assert_allclose(model.predict(t[:20], u[0], rate=rate)["u"], u[:20], atol=0.02)
    archive = tmp_path / "waves.npz"
    np.savez(archive, t=t[:20], x=x, u=np.where(t[9] > T, u, np.nan)[:20])  # from which rates follow
    assert_allclose(simulated(model, archive)["u"], u[:20].ravel(), atol=0.02)
    np.savez(archive, t=t[:20], x=x, u=np.where(t[2] > T, u, np.nan)[:20])
    with pytest.raises(ValueError, match="must hold u at all places of the fit at the first 3 times"):
        simulated(model, archive)


def test_a_plane_with_a_flow_that_is_given():
    t, x = np.linspace(0, 2, 41), np.linspace(0, 2 * np.pi, 32, endpoint=False)
    T, X, Y = np.meshgrid(t, x, x, indexing="ij")
    # The waves move with a flow that changes with the time alone, so that the solution is known.
    shift = np.sin(2 * T) / 2
    c = sum(
        np.exp(-0.1 * (k**2 + m**2) * T) * np.cos(k * (X - shift) + m * Y)
        for k, m in ((1, 0), (1, 2), (2, 1))
    )
    model = PDERegressor().fit({"c": c}, t=t, x=x, y=x, inputs={"v": np.cos(2 * T)})
    found = coefficients(model)
    assert set(found) == {"c_x*v", "c_xx", "c_yy"}
    assert_allclose(found["c_x*v"], -1, rtol=1e-3)
    assert_allclose([found["c_xx"], found["c_yy"]], 0.1, rtol=1e-3)


def test_two_fields_act_on_each_other():
    t, x = np.linspace(0, 5, 81), np.linspace(0, 2 * np.pi, 64, endpoint=False)
    T, X = np.meshgrid(t, x, indexing="ij")
    # Of modes exp(-0.1 k^2 t) that turn into each other at one rate.
    modes = [(k, np.exp(-0.1 * k**2 * T), phase) for k, phase in ((1, 0.0), (2, 1.0), (3, 2.0))]
    u = sum(decay * np.cos(k * X + phase) * np.cos(1.2 * T + phase) for k, decay, phase in modes)
    v = sum(decay * np.cos(k * X + phase) * np.sin(1.2 * T + phase) for k, decay, phase in modes)
    model = PDERegressor().fit({"u": u, "v": v}, t=t, x=x)
    first, second = (sympy.expand(one).as_coefficients_dict() for one in model.sympy())
    names = {str(term): float(value) for term, value in first.items()}
    assert_allclose([names["v"], names["u_xx"]], [-1.2, 0.1], rtol=1e-4)
    assert {str(term) for term in second} == {"u", "v_xx"}
    simulated = model.predict(t, {"u": u[0], "v": v[0]})
    assert_allclose(simulated["v"], v, atol=0.01)


def test_what_acts_on_fields_and_is_not_given_is_told(cooling):
    t, x, _ = cooling
    rng = np.random.default_rng(0)
    waves = np.cos(np.outer(np.ones(len(t)), x))
    unexplained = waves * np.cumsum(rng.standard_normal(len(t)))[:, None]
    with pytest.warns(DataWarning, match="unexplained: observe more often"):
        PDERegressor().fit(unexplained, t=t, x=x)


def test_a_saved_result_is_the_same(cooling, tmp_path):
    t, x, u = cooling
    noisy = u + 0.05 * np.random.default_rng(1).standard_normal(u.shape)
    model = PDERegressor(derivatives=3).fit(noisy, t=t, x=x)
    model.save(tmp_path / "heat.json")
    read = nsr.load(tmp_path / "heat.json")
    assert isinstance(read, PDERegressor)
    assert read.get_params() == model.get_params()
    assert repr(read) == repr(model)
    assert read.constants_.equals(model.constants_)
    assert_allclose(read.predict(t, u[0])["u"], model.predict(t, u[0])["u"], rtol=1e-12)


def test_long_axes_are_thinned_and_say_the_same(cooling):
    t, x, u = cooling
    settings = FieldSettings(most_points=2_000)
    model = PDERegressor(settings=settings).fit(u, t=t, x=x)
    assert len(model.axes_[0]) < len(x) or model.equations_["loss"].min() < 1e-6
    assert_allclose(coefficients(model)["u_xx"], 0.3, rtol=1e-2)


def test_exports_have_all_derivatives(cooling):
    t, x, u = cooling
    model = PDERegressor().fit(u, t=t, x=x)
    (code,) = model.numpy()
    space = {}
    exec(code, {"np": np}, space)  # text of ours
    assert_allclose(space["u_t"](1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), -0.5 * 2 + 0.3 * 3, rtol=1e-4)
    assert r"\mathrm{xx}" in model.latex()[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"u": lambda u: u.T}, "its axes must be t, x"),
        ({"u": lambda u: np.where(u > 0.5, np.nan, u)}, "fill them in"),
        ({"u": lambda u: 0 * u}, "no field ever changes"),
        ({"u": lambda u: {}}, "at least one field"),
        ({"u": lambda u: {"u": u, "u_x": u}}, "rename that field"),
        ({"t": lambda t: t**2}, "t must be evenly spaced"),
        ({"x": lambda x: np.where(x == x[3], x[4], x)}, "occurs twice"),
        ({"x": lambda x: x[:9]}, "9 points of x are too few"),
        ({"x": lambda x: None}, "give x="),
    ],
)
def test_fields_that_cannot_be_used_are_refused(cooling, change, why):
    given = dict(zip("txu", cooling, strict=True))
    for name, make in change.items():
        given[name] = make(given[name])
    with pytest.raises(ValueError, match=why):
        PDERegressor().fit(given["u"], t=given["t"], x=given["x"])


@pytest.mark.parametrize("parameters", [{"order": 3}, {"derivatives": 1}, {"n_equations": 0}])
def test_parameters_are_checked(cooling, parameters):
    t, x, u = cooling
    with pytest.raises(ValueError, match="must be"):
        PDERegressor(**parameters).fit(u, t=t, x=x)


def test_simulations_ask_for_what_they_need(cooling):
    t, x, u = cooling
    model = PDERegressor().fit(u, t=t, x=x)
    with pytest.raises(ValueError, match="ascending"):
        model.predict(t[::-1], u[0])
    with pytest.raises(ValueError, match="of the shape"):
        model.predict(t, u[0, :5])
    with pytest.raises(ValueError, match="must hold u"):
        model.predict(t, {"v": u[0]})
    with pytest.raises(ValueError, match="boundary must be one of"):
        model.predict(t, u[0], boundary="open")
    with pytest.raises(ValueError, match="there is no row 99"):
        model.predict(t, u[0], index=99)


def test_points_in_any_order_are_sorted(cooling):
    t, x, u = cooling
    order = np.random.default_rng(0).permutation(len(x))
    model, other = PDERegressor().fit(u, t=t, x=x), PDERegressor().fit(u[:, order], t=t, x=x[order])
    assert model.equations() == other.equations()
