"""What the network looked at, against leaving it out."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from untrained import UNTRAINED

import nsr
from nsr.network.checkpoint import from_pretrained
from nsr.network.guess import _log_probabilities, _Views
from nsr.network.saliency import Reader
from nsr.problems.problem import sample
from nsr.problems.suites import load


def test_gradients_rank_rows_as_leaving_them_out_does():
    problems = [problem for problem in load("generated") if len(problem.ranges) <= 3][:3]
    for problem in problems:
        X, y = sample(problem, 32, 0)
        found = nsr.saliency(X, y, problem.expression)
        assert spearmanr(found.rows, found.left_out())[0] >= 0.7


@pytest.fixture(scope="module")
def ratio():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.uniform(1, 5, (60, 3)), columns=["force", "area", "idle"])
    return X, nsr.saliency(X, X["force"] / X["area"] ** 2, "force/area**2")


def test_a_column_counts_for_what_it_says(ratio):
    _, found = ratio
    assert found.columns[["force", "area"]].min() > 5 * abs(found.columns["idle"])
    assert found.tokens[-1] == "end"
    of_token = dict(zip(found.tokens, found.by_column, strict=True))
    # That the second variable is the area is seen in the areas.
    assert np.argmax(of_token["area"]) == 1


def test_a_row_that_is_left_out_is_as_if_it_were_not_there(ratio):
    X, found = ratio
    reader, sequence = found._reader, found._sequence
    rest = Reader(reader.pretrained, reader.scaler, reader.X[1:], reader.y[1:])
    lost = reader.logs(sequence).sum() - rest.logs(sequence).sum()
    assert found.left_out()[0] == pytest.approx(lost, abs=1e-4)
    assert found.by_row.shape == (len(found.tokens), len(X))


def test_likelihoods_are_those_that_guesses_have(rng):
    pretrained = from_pretrained(UNTRAINED)
    X = rng.uniform(1, 2, (20, 1))
    views = _Views.of(pretrained, X, np.sin(X[:, 0]), 1, 0)
    reader = Reader.of(pretrained, X, np.sin(X[:, 0]))
    sequence = [pretrained.tokenizer.ids[word] for word in ("sin", "x_0")]
    (theirs,) = _log_probabilities(pretrained, views, [[sequence]])[0]
    assert reader.logs(sequence).sum() == pytest.approx(theirs, rel=0.02)


def test_without_an_equation_the_likeliest_is_taken_and_cells_have_the_tables_shape(rng):
    X = rng.uniform(1, 2, (20, 2))
    found = nsr.saliency(X, X[:, 0] * X[:, 1], checkpoint=UNTRAINED)
    assert found.cells.shape == (20, 2)
    assert found.equation in repr(found)
    chosen = nsr.SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=8, stages=("families",))
    chosen.fit(X, X[:, 0] * X[:, 1])
    assert set(nsr.saliency(X, X[:, 0] * X[:, 1], chosen, UNTRAINED).tokens) == {"mul", "x_0", "x_1", "end"}


def test_bad_input_is_named(rng):
    X = rng.random((20, 11))
    with pytest.raises(ValueError, match="choose the relevant ones"):
        nsr.saliency(X, X[:, 0], "x_0", checkpoint=UNTRAINED)
    with pytest.raises(ValueError, match="fill gaps"):
        nsr.saliency(np.full_like(X, np.nan), X[:, 0], "x_0", checkpoint=UNTRAINED)
    with pytest.raises(ValueError, match="n_rows"):
        nsr.saliency(X[:5, :2], X[:, 0], "x_0", checkpoint=UNTRAINED)
    with pytest.raises(ValueError, match="tokens"):
        nsr.saliency(X[:, :2], X[:, 0], "+".join(f"sin({i}.5*x_0)" for i in range(9)), checkpoint=UNTRAINED)
