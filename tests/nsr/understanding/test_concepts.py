"""Concepts: what observations come down to is found, and that random answers come down to nothing."""

import numpy as np
import pandas as pd
import pytest
from untrained import UNTRAINED

import nsr
from examples import oscillator


def test_a_damped_oscillation_is_frequency_and_damping():
    quantities, observations, questions, answers = oscillator.drawn(1500, 1)
    found = nsr.concepts.fit(observations, questions, answers, 3, nsr.concepts.Training(n_steps=1000))
    assert len(found.active) == 2
    assert found.skill > 0.95
    assert (found.recovered(observations, quantities) > 0.95).all()
    information = found.information(observations, quantities)
    assert (information.max(axis=0) > 0.5).all()


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_one_quantity_needs_one_latent_which_is_an_equation_of_it(rng):
    slope = rng.uniform(-1, 1, (600, 1))
    observations, questions = slope * np.linspace(0, 1, 8), rng.uniform(0, 2, (600, 5))
    training = nsr.concepts.Training(n_steps=400, hidden=16)
    found = nsr.concepts.fit(observations, questions, slope * questions, 2, training)
    (latent,) = found.active
    quantities = pd.DataFrame({"slope": slope[:, 0]})
    estimator = nsr.SymbolicRegressor(UNTRAINED, 16, stages=("families", "reduction"))
    assert found.equations(observations, quantities, estimator)[latent].r2 > 0.95
    slopes = found.inverses(observations, quantities, estimator)["slope"]
    assert slopes.r2 > 0.95
    assert list(slopes.estimator.feature_names_in_) == [f"latent_{latent}"]


def test_random_answers_come_down_to_nothing(rng):
    found = nsr.concepts.fit(
        rng.normal(size=(400, 5)), rng.normal(size=(400, 4)), rng.normal(size=(400, 4)), 2,
        nsr.concepts.Training(n_steps=300, hidden=16, thrift=0.3),
    )  # fmt: skip
    assert found.active == []
    assert found.skill < 0.1


@pytest.mark.parametrize(
    ("shapes", "n_latents", "told"),
    [
        (((30, 4), (30, 3), (30, 2)), 2, "do not fit"),
        (((30, 4), (29, 3), (29, 3)), 2, "one row of answers for each"),
        (((5, 4), (5, 3), (5, 3)), 2, "20 observations at least"),
        (((30, 4), (30, 3), (30, 3)), 0, "give one at least"),
    ],
)
def test_what_does_not_fit_is_told(shapes, n_latents, told):
    with pytest.raises(ValueError, match=told):
        nsr.concepts.fit(*(np.ones(shape) for shape in shapes), n_latents)
