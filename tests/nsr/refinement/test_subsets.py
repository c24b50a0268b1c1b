import itertools

import numpy as np

from nsr.refinement.subsets import backward_elimination, best_subsets, forward_selection, unexplained


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


def test_elimination_leaves_out_what_costs_least(rng):
    """Costs, coefficients and residuals are those of least squares without each column."""
    table, target = rng.standard_normal((40, 7)) * 10.0 ** np.arange(-3, 4), rng.standard_normal(40)
    sizes = []
    for kept, coefficients, costs, left in backward_elimination(table, target, rcond=1e-12):
        sizes.append(len(kept))
        expected, residual, *_ = np.linalg.lstsq(table[:, kept], target, rcond=None)
        np.testing.assert_allclose(coefficients, expected, rtol=1e-6)
        np.testing.assert_allclose(left, residual[0], rtol=1e-9)
        for place, cost in enumerate(costs):
            others = np.delete(kept, place)
            without = target @ target
            if len(others):
                without = np.linalg.lstsq(table[:, others], target, rcond=None)[1][0]
            np.testing.assert_allclose(cost, without - residual[0], rtol=1e-6)
    assert sizes == [7, 6, 5, 4, 3, 2, 1]


def test_what_others_add_up_to_goes_first_and_costs_nothing(rng):
    """Indicators of four levels add up to one; the slope of one level differs."""
    level, x = rng.integers(0, 4, 80), rng.uniform(0, 5, 80)
    indicators = (level[:, None] == np.arange(4)).astype(float)
    target = 2 * x + indicators @ [0.0, 1.5, 4.0, 4.0] - 1.2 * x * indicators[:, 3]
    target += 0.1 * rng.standard_normal(80)
    table = np.column_stack((x, indicators, indicators * x[:, None]))
    table, target = table - table.mean(axis=0), target - target.mean()
    rank = np.linalg.matrix_rank(table)
    least = np.linalg.lstsq(table, target, rcond=None)[0]
    for kept, _, costs, left in backward_elimination(table, target, rcond=1e-12):
        if len(kept) > rank:
            assert np.min(costs) == 0
        if len(kept) >= rank:
            np.testing.assert_allclose(left, np.sum((target - table @ least) ** 2), rtol=1e-9)
        if len(kept) == rank:
            assert np.linalg.matrix_rank(table[:, kept]) == rank
            assert 0 in kept


def test_forward_selection_finds_what_the_target_is_made_of(rng):
    table = rng.standard_normal((30, 90))
    target = 2 * table[:, 5] - 3 * table[:, 60] + table[:, 77]
    chosen = forward_selection(table, target, 12)
    assert {5, 60, 77} <= set(chosen.tolist())
    assert len(set(chosen.tolist())) == 12


def test_forward_selection_ends_where_columns_are_sums_of_others(rng):
    table = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 50))
    assert len(forward_selection(table, rng.standard_normal(30), 12)) == 3
