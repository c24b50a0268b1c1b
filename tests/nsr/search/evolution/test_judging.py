import numpy as np
import pytest

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.search.evolution.genomes import Genomes
from nsr.search.evolution.judging import Judge, Judged
from nsr.task import Task


def judge(y: np.ndarray, X: np.ndarray, weights: np.ndarray | None = None) -> Judge:
    return Judge(Task(X, y, SQUARED_ERROR, weights), len(y), len(y))


def genomes(*texts: str) -> Genomes:
    return Genomes.of([parse(text) for text in texts], 40)


def shares(judged: Judged) -> list[float]:
    return judged.unexplained.tolist()


@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_scale_and_an_offset_are_those_of_least_squares(is_weighted, rng):
    X = rng.uniform(1, 2, (100, 1))
    weights = rng.uniform(0.1, 3, 100) if is_weighted else None
    y = 3 * np.exp(X[:, 0]) - 7 + rng.normal(0, 0.1, 100)
    judged = judge(y, X, weights).scaled(genomes("exp(x_0)"), Clock())
    expression = judged.genomes.expression(0)
    slope, level = np.polyfit(np.exp(X[:, 0]), y, 1, w=None if weights is None else np.sqrt(weights))
    np.testing.assert_allclose(sorted(expression.constants), sorted([slope, level]), rtol=1e-8)
    residuals = y - Program([expression]).values(X)[0]
    null = np.average((y - np.average(y, weights=weights)) ** 2, weights=weights)
    np.testing.assert_allclose(shares(judged), [np.average(residuals**2, weights=weights) / null], rtol=1e-8)


def test_scales_and_offsets_that_are_not_worth_their_bits_are_left_out(rng):
    X = rng.uniform(1, 2, (100, 1))
    as_it_is, scaled, moved = np.exp(X[:, 0]), 2 * np.exp(X[:, 0]), np.exp(X[:, 0]) + 2
    found = [judge(y, X).scaled(genomes("exp(x_0)"), Clock()) for y in (as_it_is, scaled, moved)]
    assert [len(judged.genomes.expression(0)) for judged in found] == [2, 4, 4]
    assert max(share for judged in found for share in shares(judged)) < 1e-15


@pytest.mark.parametrize("is_weighted", [False, True])
def test_constants_are_fitted(is_weighted, rng):
    X = rng.uniform(1, 2, (100, 1))
    y = np.exp(1.7 * X[:, 0]) + 0.3
    own = judge(y, X, rng.uniform(1, 2, 100) if is_weighted else None)
    judged = own.fitted(genomes("exp(1.5*x_0) + 1", "x_0"), Clock(), Effort(1, None, 20))
    np.testing.assert_allclose(judged.genomes.expression(0).constants, [1.7, 0.3], rtol=1e-7)
    assert judged.genomes.expression(1) == parse("x_0")
    assert shares(judged) == sorted(shares(judged))
    np.testing.assert_allclose(shares(own.as_they_are(judged.genomes)), shares(judged), rtol=1e-3, atol=1e-18)


def test_what_has_no_value_on_a_row_is_left_out():
    X = np.linspace(-1, 1, 11)[:, None]
    own = judge(X[:, 0], X)
    for judged in (own.as_they_are(genomes("log(x_0)", "x_0")), own.scaled(genomes("1/x_0", "x_0"), Clock())):
        assert [judged.genomes.expression(row) for row in range(len(judged.bits))] == [parse("x_0")]
