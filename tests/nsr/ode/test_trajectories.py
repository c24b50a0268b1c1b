import itertools

import numpy as np
import pandas as pd
import pytest

from nsr.data.notes import DataWarning
from nsr.ode.trajectories import as_trajectories

TIMES = np.linspace(0, 10, 60)
WAVE = np.column_stack((np.sin(TIMES), np.cos(TIMES)))


def test_one_or_several_as_arrays_or_frames():
    (one,) = as_trajectories(TIMES, WAVE)
    assert one.states.shape == (60, 2)
    (single,) = as_trajectories(list(TIMES), WAVE[:, 0])
    assert single.states.shape == (60, 1)
    both = as_trajectories([TIMES, TIMES[:20]], [pd.DataFrame(WAVE), WAVE[:20]])
    assert [len(trajectory.times) for trajectory in both] == [60, 20]


def test_unsorted_times_are_sorted_with_their_states():
    order = np.random.default_rng(0).permutation(60)
    (shuffled,) = as_trajectories(TIMES[order], WAVE[order])
    np.testing.assert_array_equal(shuffled.times, TIMES)
    np.testing.assert_array_equal(shuffled.states, WAVE)


def test_times_that_begin_anew_are_told_as_they_may_be_several_trajectories():
    times = np.concatenate([np.linspace(0, 9, 20), np.linspace(0.1, 9.1, 20)])
    states = np.column_stack((np.sin(times), np.cos(times)))
    with pytest.warns(DataWarning, match="back 1 time, first from 9 to 0.1: .* --trajectory"):
        (one,) = as_trajectories(times, states)
    assert np.all(np.diff(one.times) > 0)
    as_trajectories([times[:20], times[20:]], [states[:20], states[20:]])


def test_smoothing_takes_noise_away_and_interpolation_none():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 10, 200))
    clean = np.column_stack((np.sin(times), 5 * np.cos(times)))
    noise = 0.05 * rng.standard_normal(clean.shape) * [1, 5]
    (noisy,) = as_trajectories(times, clean + noise)
    np.testing.assert_allclose(noisy.initial, clean[0], atol=0.25)
    (exact,) = as_trajectories(times, clean)
    grid = exact.resampled(4, 2_000)
    fine, states = grid.times, grid.states
    np.testing.assert_allclose(states[:, 0], np.sin(fine), atol=1e-3)
    np.testing.assert_allclose(np.diff(fine), fine[1] - fine[0])


def test_segments_cover_the_trajectory_and_share_their_ends():
    (one,) = as_trajectories(TIMES, WAVE)
    pieces = one.segments(20)
    assert len(pieces) == 3
    assert pieces[0].times[0] == 0
    assert pieces[-1].times[-1] == 10
    for before, after in itertools.pairwise(pieces):
        assert before.times[-1] == after.times[0]
    np.testing.assert_allclose(pieces[1].initial, pieces[1].states[0], atol=1e-3)


@pytest.mark.parametrize(
    ("times", "states", "message"),
    [
        (TIMES[:5], WAVE[:5], "5 points are too few"),
        (TIMES, WAVE[:-1], "do not fit"),
        (TIMES, np.where(WAVE > 0.99, np.nan, WAVE), "finite"),
        (np.concatenate((TIMES[:-1], TIMES[:1])), WAVE, "time 0 occurs more than once"),
        (pd.date_range("2020-01-01", periods=60), WAVE, "times are dates"),
        (TIMES, np.full((60, 2), "calm"), "states must be numbers"),
        (TIMES, np.ones((60, 2)), "no state ever moves"),
        ([TIMES], [WAVE, WAVE], "as many arrays of times"),
        ([TIMES, TIMES], [WAVE, WAVE[:, :1]], "same states"),
    ],
)
def test_observations_that_cannot_be_used_are_refused(times, states, message):
    with pytest.raises(ValueError, match=message):
        as_trajectories(times, states)
