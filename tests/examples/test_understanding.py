"""The examples of understanding, shortened."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.signal import argrelmax
from untrained import UNTRAINED

import nsr
from examples import cosmology, emulators, extrapolation, forces, friedman, halos, saliency
from nsr.plots import plot_latents
from nsr.understanding.distillation.graph_network import Training

pytestmark = pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")


def test_what_mattered_in_friedmans_function(capsys, tmp_path):
    output = tmp_path / "new" / "friedman.json"
    friedman.main(rows=120, columns=5, noise=0.5, time_limit=0.5, seed=0, output=output)
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("before the fit", "sobol_total", "of the residuals"))
    written = json.loads(output.read_text())
    assert {"command", "commit", "machine", "processor_seconds", "seed", "equation"} <= set(written)
    assert f"{written['importance'][0]['permutation']:.4g}" in printed
    assert len(written["left"]) == 5


def test_gradients_agree_with_leaving_out():
    assert min(saliency.agreements(1, 24, 0).values()) >= 0.7


def test_an_emulated_transfer_function_gives_the_matter_power_spectrum():
    case = emulators.CASES["transfer"]
    # So many points that the residual makes up for whatever equation so short a search comes to.
    emulator = nsr.emulate(case.function, case.ranges, 192, 5e-3, case.residual, 0.6)
    X, y, _ = emulators.fresh(case, 100, 1)
    assert np.mean(emulator.target.errors(emulator.predict(X), y) < 0.03) > 0.9
    assert np.median(emulators.spectrum_errors(emulator, False, 5, 2)) < 0.02


def test_the_transfer_function_is_that_of_the_paper():
    k = np.geomspace(1e-4, 1.0, 3000)
    wiggles = cosmology.transfer(k, 0.14, 0.0222) / cosmology.transfer_without_wiggles(k, 0.14, 0.0222)
    # Large scales grow undisturbed; the oscillations are those of a sound horizon of about 150 Mpc.
    assert wiggles[0] == pytest.approx(1, abs=1e-4)
    assert cosmology.transfer(k, 0.14, 0.0222)[0] == pytest.approx(1, abs=1e-3)
    assert np.abs(wiggles - 1).max() < 0.05
    places = k[argrelmax(wiggles)[0]]
    gaps = np.diff(places[(places > 0.03) & (places < 0.3)])
    np.testing.assert_allclose(2 * np.pi / gaps, 150, rtol=0.06)
    spectrum = cosmology.power_spectrum(k, cosmology.transfer(k, 0.14, 0.0222))
    assert 0.01 < k[np.argmax(spectrum)] < 0.02


def test_the_simulated_front_has_the_speed_of_theory():
    speed = emulators.front_speed(2.0, 0.5, 200)
    assert speed == pytest.approx(2 * np.sqrt(2.0 * 0.5), rel=0.08)
    assert emulators.front_speed(8.0, 0.5, 200) == pytest.approx(2 * speed, rel=1e-6)


def test_a_case_is_printed_with_its_errors(capsys):
    emulators.main(["pendulum"], n_fresh=50, time_limit=0.5)
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("50 fresh points", "Gaussian process alone", "times as fast"))


def test_a_spring_is_found_between_particles():
    kind = forces.Kind.SPRING
    estimator = nsr.SymbolicRegressor(UNTRAINED, 16, stages=("families", "reduction"))
    law, values = forces.learned(kind, 150, Training(n_steps=400, hidden=32), estimator, 0)
    assert law.skill > 0.98
    assert forces.beyond(kind, law, values, 0)[0] > 0.999


def test_between_particles_that_move_at_random_nothing_is_found():
    law, _ = forces.learned(forces.Kind.NOISE, 100, Training(n_steps=100), nsr.SymbolicRegressor(), 0)
    assert law.is_empty
    assert str(law).startswith("nothing to find")


def test_hidden_charges_are_those_of_the_same_particles_in_all_runs():
    kind = forces.Kind.HIDDEN_CHARGE
    places, _, charges = forces.simulated(kind, 40, np.random.default_rng(0))
    assert places.shape[2] == charges.shape[2] == 6
    assert (charges == charges[0]).all()
    law, values = forces.learned(kind, 40, Training(n_steps=20, hidden=8), nsr.SymbolicRegressor(), 0)
    assert law.is_empty  # after so few steps
    assert len(law.hidden) == len(values) == 6


@pytest.mark.slow
@pytest.mark.parametrize("kind", [forces.Kind.GRAVITY, forces.Kind.CHARGE, forces.Kind.HIDDEN_CHARGE])
@pytest.mark.parametrize("seed", range(3))
def test_inverse_squares_are_found_between_particles(kind, seed):
    estimator = nsr.SymbolicRegressor(time_limit=20, random_state=seed)
    law, values = forces.learned(kind, 3000, Training(seed=seed), estimator, seed)
    assert forces.beyond(kind, law, values, seed)[0] > 0.999


def test_a_distilled_network_is_compared_beyond_its_range(capsys):
    extrapolation.main(rows=200, noise=0.05, steps=400, time_limit=2, seed=0)
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("directly:", "within the range", "up to twice the range"))


def test_profiles_of_halos_come_down_to_few_numbers():
    quantities, observed, questions, answers = halos.drawn(1000, 0.02, 1)
    training = nsr.concepts.Training(n_steps=600, thrift=0.001)
    found = nsr.concepts.fit(observed, questions, answers, 4, training)
    assert found.skill > 0.98
    assert 2 <= len(found.active) <= 4
    assert found.recovered(observed, quantities)["mass"] > 0.8
    information = halos.by_radius(found, quantities, observed)
    ax = plot_latents(information, halos.RADII, "radius", Figure().subplots())
    assert len(ax.lines) == len(found.active)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), information.iloc[0])
