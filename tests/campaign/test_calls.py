"""Calls from Python: any parameters and data end in a fitted estimator or in an error that says why."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from campaign import FEW, MANY, cases, is_clear, limited, share_of
from effort import IDLE
from hostile_text import TEXTS
from hypothesis import given
from hypothesis import strategies as st
from untrained import UNTRAINED

from nsr import ODERegressor, SymbolicRegressor

pytestmark = pytest.mark.campaign

N_CALLS = share_of(8, 1_000)
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 40), st.floats(), TEXTS, st.just([]), st.just({}), st.just(()),
    st.just(object), st.just(np.arange(3)), st.just(pd.Series([1.0, 2.0])), st.just(b"bytes"), st.just(1j),
    st.just({"x_0": 1}), st.just([None]), st.just(float), st.just(np.float32(0.5)), st.just(np.int64(2)),
)  # fmt: skip
FITTING = {
    "n_candidates": [1, 16], "stages": ["families", ("families", "evolution"), ("curves",)],
    "guesses": ["a*x_0 + b", ["sin(x_0)"]], "constant_units": ["free"], "device": ["cpu"],
    "selection": ["best", "score"], "random_state": [1, np.random.RandomState(0), None],
    "n_equations": [1, 3], "loss": ["huber", "absolute_error", lambda f, y: np.abs(f - y)],
    "operators": ["arithmetic", ["add", "exp"]], "without": ["trigonometric"], "max_complexity": [5, 7.5],
    "max_depth": [2], "max_constants": [0, 1], "complexity": [{"sin": 3}], "exponents": [(2, -1)],
    "nesting": [{"exp": {"exp": 0}}], "max_argument": [{"exp": 2}], "required": ["x_0"], "forbidden": ["x_1"],
    "constant_bounds": [(-1, 1)], "constants": [{"g": 9.81}], "category": [0], "template": ["f(x_0) + c"],
    "shape": ["f >= 0"], "domain": [{"x_0": (0, 1)}], "stop_when": ["exact", {"r2": 0.5}],
    "missing": ["drop", "impute"], "denoise": [True], "verbose": [False], "callback": [lambda progress: True],
    "warm_start": [True], "n_jobs": [1],
}  # fmt: skip


@st.composite
def parameters(draw):
    """Some parameters, most of which fit."""
    chosen = draw(st.lists(st.sampled_from(sorted(FITTING)), max_size=4, unique=True))
    return {name: draw(st.one_of(*[st.sampled_from(FITTING[name])] * 3, ANYTHING)) for name in chosen}


@st.composite
def tables(draw):
    """A table and a target, of any sizes, kinds and values."""
    n_rows, n_columns = draw(st.integers(0, 25)), draw(st.integers(0, 5))
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    X = rng.normal(size=(n_rows, n_columns)) * 10.0 ** draw(st.sampled_from([0, 0, 0, -30, 30, 160, -320]))
    y = rng.normal(size=n_rows) + (X.sum(axis=1) if draw(st.booleans()) else 0)
    if n_rows and n_columns:
        cell = draw(st.sampled_from([None, None, np.nan, np.inf, 0.0, 1e300]))
        if cell is not None:
            X[0, 0] = cell
    form = draw(
        st.sampled_from(
            ["array", "array", "frame", "text", "list", "integers", "objects", "flat", "constant"]
        )
    )
    if form == "frame":
        X = pd.DataFrame(
            X, columns=[draw(st.sampled_from(["a", "b", "x_0", "é", "a b"])) for _ in range(n_columns)]
        )
    elif form == "text" and n_columns:
        X = pd.DataFrame(X).astype(object)
        X[0] = list("abc" * 9)[:n_rows]
    elif form == "list":
        X, y = X.tolist(), y.tolist()
    elif form == "integers":
        X, y = np.nan_to_num(np.clip(X, -9, 9)).astype(int), np.round(y)
    elif form == "objects":
        X = X.astype(object)
    elif form == "flat":
        y = y[:, None] if draw(st.booleans()) else y[:-1]
    elif form == "constant":
        y = np.zeros(n_rows)
    return X, y


def ends(estimator, *arguments, **options):
    """Whether a fit ends in an answer; otherwise it has said why not, and has changed nothing."""
    before = vars(estimator).copy()
    with warnings.catch_warnings(), limited():
        warnings.simplefilter("ignore", UserWarning)
        try:
            estimator.fit(*arguments, **options)
        except (ValueError, TypeError) as error:
            message = str(error)
        else:
            return True
    assert is_clear(f"nsr: {message}"), message
    assert vars(estimator) == before
    return False


@cases(N_CALLS / share_of(FEW, MANY))
@given(tables(), parameters())
def test_calls_end_in_an_answer_or_say_why_not(table, options):
    X, y = table
    own = {
        "checkpoint": UNTRAINED,
        "n_candidates": 8,
        "settings": IDLE,
        "time_limit": 0.5,
        "stages": "families",
    }
    model = SymbolicRegressor(**own | options)
    if not ends(model, X, y):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert np.shape(model.predict(X)) == (len(y),)
        assert repr(model.report())
        again = (
            pickle.loads(pickle.dumps(copy.deepcopy(model))) if not callable(options.get("loss")) else model
        )
    assert list(again.equations_["equation"]) == list(model.equations_["equation"])


@cases(0.2 * N_CALLS / share_of(FEW, MANY))
@given(st.integers(0, 20), st.integers(0, 3), st.sampled_from([0, 1, 30, 200]), st.data())
def test_systems_end_in_an_answer_or_say_why_not(n_times, n_states, size, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    times = np.sort(rng.uniform(size=n_times)) if data.draw(st.booleans()) else np.linspace(0, 1, n_times)
    states = 10.0**size * rng.normal(size=(n_times, n_states)).cumsum(axis=0)
    names = st.sampled_from(
        ["order", "discrete", "explicit_time", "missing", "known", "conserved", "n_equations"]
    )
    options = data.draw(st.dictionaries(names, ANYTHING, max_size=2))
    ends(ODERegressor(stages=("library",), time_limit=0.5, **options), times, states)
