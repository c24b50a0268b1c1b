"""Skeletons: canonical, compact, of every kind, and never a benchmark's."""

from collections import Counter

import numpy as np
import pytest

from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.holdout import Holdout
from generators.physics import PhysicsPrior
from nsr.expressions.expression import PLACEHOLDER
from nsr.expressions.operators import of_vocabulary
from nsr.expressions.simplify import length, simplify, strip_scale

HOLDOUT = Holdout.default()
CONFIG = ExpressionConfig()


@pytest.fixture(scope="module")
def skeletons():
    sampler = ExpressionSampler(CONFIG, HOLDOUT, seed=1)
    return [sampler.sample() for _ in range(2000)]


def test_no_skeleton_is_a_benchmarks(skeletons):
    assert not any(HOLDOUT.contains(skeleton) for skeleton in skeletons)


def test_variables_are_numbered_from_zero_without_gaps(skeletons):
    for skeleton in skeletons:
        assert skeleton.variables == tuple(range(len(skeleton.variables)))
        assert 1 <= len(skeleton.variables) <= CONFIG.max_variables


def test_skeletons_are_within_the_budget_and_compact(skeletons):
    lengths = np.array([length(skeleton) for skeleton in skeletons])
    assert lengths.max() <= CONFIG.max_length
    assert 8 <= np.median(lengths) <= 16


def test_skeletons_are_simplified_and_carry_no_scale(skeletons):
    changed = sum(strip_scale(simplify(s)) != s for s in skeletons)
    # Dropping a scale opens a further rewrite once in a while.
    assert changed <= 0.01 * len(skeletons)


def test_all_operators_and_numbers_of_variables_occur(skeletons):
    used = Counter(token for skeleton in skeletons for token in set(skeleton.tokens))
    assert set(of_vocabulary()) <= set(used)
    assert {len(skeleton.variables) for skeleton in skeletons} == set(range(1, 11))
    few = sum(len(skeleton.variables) <= 5 for skeleton in skeletons)
    assert few > 0.6 * len(skeletons)


def test_constants_are_the_exception(skeletons):
    share = np.mean([PLACEHOLDER in skeleton.tokens for skeleton in skeletons])
    assert 0.1 < share < 0.6


def test_skeletons_vary(skeletons):
    assert len(set(skeletons)) > 0.8 * len(skeletons)


def test_a_seed_gives_the_same_skeletons_again_and_another_seed_others(skeletons):
    again = ExpressionSampler(CONFIG, HOLDOUT, seed=1)
    other = ExpressionSampler(CONFIG, HOLDOUT, seed=2)
    assert [again.sample() for _ in range(50)] == skeletons[:50]
    assert [other.sample() for _ in range(50)] != skeletons[:50]


@pytest.mark.parametrize("physics_share", [0.0, 1.0])
def test_either_prior_alone_works(physics_share):
    config = ExpressionConfig(max_variables=3, max_length=20, physics_share=physics_share)
    sampler = ExpressionSampler(config, HOLDOUT, seed=5)
    for _ in range(300):
        skeleton = sampler.sample()
        assert len(skeleton.variables) <= 3
        assert length(skeleton) <= 20


@pytest.mark.parametrize("n_variables", range(1, 11))
def test_physics_prior_mostly_uses_every_variable(n_variables):
    prior = PhysicsPrior(np.random.default_rng(n_variables), constant_rate=0.15)
    drawn = [prior.sample(n_variables).variables for _ in range(300)]
    assert all(set(variables) <= set(range(n_variables)) for variables in drawn)
    assert np.mean([len(variables) == n_variables for variables in drawn]) > 0.85


def test_what_is_held_out_is_never_drawn(skeletons):
    first = skeletons[0]
    sampler = ExpressionSampler(CONFIG, Holdout([first]), seed=1)
    assert not any(Holdout([first]).contains(sampler.sample()) for _ in range(300))
