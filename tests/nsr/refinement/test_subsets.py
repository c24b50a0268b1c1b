import itertools

import numpy as np

from nsr.refinement.subsets import best_subsets, unexplained


def test_shares_are_those_of_least_squares(rng):
    columns, target = rng.standard_normal((60, 6)), rng.standard_normal(60)
    scaled = columns / np.linalg.norm(columns, axis=0)
    subsets = np.array(list(itertools.combinations(range(6), 3)), dtype=np.intp)
    total = float(target @ target)
    found = unexplained(scaled.T @ scaled, scaled.T @ target, total, subsets)
    for subset, share in zip(subsets, found, strict=True):
        _, residual, *_ = np.linalg.lstsq(columns[:, subset], target, rcond=None)
        np.testing.assert_allclose(share, residual[0] / total, rtol=1e-9)


def test_the_best_come_first_and_bad_ones_not_at_all(rng):
    columns = rng.standard_normal((60, 8))
    target = columns[:, 2] - 2 * columns[:, 5]
    scaled = columns / np.linalg.norm(columns, axis=0)
    subsets = np.array(list(itertools.combinations(range(8), 2)), dtype=np.intp)
    arguments = (scaled.T @ scaled, scaled.T @ target, float(target @ target), subsets)
    assert best_subsets(*arguments, n_best=3, largest=1e-6) == [(2, 5)]
    assert best_subsets(*arguments[:3], subsets[:0], n_best=3, largest=1.0) == []
