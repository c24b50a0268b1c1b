"""Whether noise grows with the state is seen from the observations."""

import numpy as np

from nsr.ode.noise import with_scatter
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import Trajectory

TIMES = np.linspace(0, 5, 150)
DECAY = np.column_stack((10 * np.exp(-TIMES), 3 + np.exp(-TIMES)))


def test_multiplicative_noise_is_in_proportion_to_the_state():
    noisy = DECAY * (1 + 0.05 * np.random.default_rng(0).standard_normal(DECAY.shape))
    (found,) = with_scatter([Trajectory(TIMES, noisy)], DEFAULTS)
    ratio = found.scatter[:, 0] / DECAY[:, 0]
    assert ratio[5:60].max() < 1.5 * ratio[5:60].min()
    np.testing.assert_allclose(np.exp(np.log(found.scatter).mean(axis=0)), 1)


def test_additive_noise_is_the_same_everywhere():
    noisy = DECAY + 0.2 * np.random.default_rng(0).standard_normal(DECAY.shape)
    (found,) = with_scatter([Trajectory(TIMES, noisy)], DEFAULTS)
    np.testing.assert_array_equal(found.scatter, np.ones_like(DECAY))


def test_clean_observations_and_several_trajectories():
    parts = with_scatter([Trajectory(TIMES, DECAY), Trajectory(TIMES[:40], DECAY[:40])], DEFAULTS)
    for part, length in zip(parts, (150, 40), strict=True):
        np.testing.assert_array_equal(part.scatter, np.ones((length, 2)))
