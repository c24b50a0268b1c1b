import itertools
from dataclasses import replace

import numpy as np
import pytest
from effort import IDLE
from tasks import task
from untrained import save_untrained

from nsr import SymbolicRegressor
from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import apply, constant
from nsr.expressions.parsing import parse
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.candidates import scored
from nsr.search.engine import Search
from nsr.search.evolution.generations import Generations
from nsr.search.evolution.variations import Varied
from nsr.search.finishing import constants
from nsr.search.settings import SearchSettings
from nsr.task import ROWS

# Seconds; these searches end by themselves, on a machine that is busy with something else as well.
UNHURRIED = 3600


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    return save_untrained(tmp_path_factory.mktemp("checkpoint") / "untrained")


def fit(text: str, n_variables: int, checkpoint: str, **options) -> SymbolicRegressor:
    X = np.random.default_rng(0).uniform(1, 4, (400, n_variables))
    y = Program([parse(text)]).values(X)[0]
    return SymbolicRegressor(checkpoint=checkpoint, n_candidates=16, **options).fit(X, y)


@pytest.mark.parametrize(
    ("text", "n_variables", "stages"),
    [
        ("x_0**3/(exp(x_0)-1)", 1, ("families",)),
        ("x_0*x_1**3/(exp(x_1*x_2/(x_3*x_4))-1)", 5, ("families", "reduction")),
        ("x_3+x_0*x_2**4*x_1-sin(x_4)", 5, ("families", "reduction", "separation")),
        ("x_0*sqrt(x_1**2+x_2**2+2*x_1*x_2*cos(x_3))/x_4", 5, ("families", "reduction")),
        ("x_0+x_0**2+x_0**3+x_0**4+x_0**5", 1, ("families",)),
        ("cos(x_0)*sin(x_0**2)-1", 1, ("families", "evolution")),
        ("x_0*x_1+sin(x_0)", 2, ("evolution",)),
    ],
)
def test_stages_find_what_they_are_for_without_a_trained_network(text, n_variables, stages, untrained, rng):
    model = fit(text, n_variables, untrained, stages=stages, time_limit=UNHURRIED)
    X = rng.uniform(1, 4, (300, n_variables))
    expected = Program([parse(text)]).values(X)[0]
    assert np.mean((model.predict(X) - expected) ** 2) <= 1e-14 * np.var(expected)


def test_a_sum_is_not_said_by_a_multiple_of_its_term(untrained, rng):
    """A state of both multiples is smaller than the table, and is solved first."""
    x, z = rng.uniform(1, 4, (2, 60))
    X = np.column_stack((x, 0.3 * x, z))
    model = SymbolicRegressor(checkpoint=untrained, stages=("families", "reduction"), time_limit=UNHURRIED)
    assert model.fit(X, X[:, 1] + z).equations()[model.best_index_] in ("x_1 + x_2", "x_2 + x_1")


@pytest.mark.filterwarnings("ignore:the chosen equation explains")
def test_an_answer_comes_in_time_where_there_is_none(untrained, rng, ticking):
    X, y = rng.uniform(1, 4, (300, 3)), rng.standard_normal(300)
    clock = ticking(0.01)
    started = clock.now
    model = SymbolicRegressor(checkpoint=untrained, n_candidates=16, time_limit=2).fit(X, y)
    assert model.equations_["complexity"].iloc[0] == 1
    # Whoever looks at the clock after the end begins nothing that would look again and again.
    assert clock.now - started < 2 * 1.4


def test_the_search_ends_when_only_noise_is_left(untrained, monkeypatch, rng):
    def evolved(self):
        raise AssertionError("there is nothing left to evolve")
        yield

    monkeypatch.setattr(Generations, "evolved", evolved)
    X = np.random.default_rng(0).uniform(1, 4, (3_000, 2))
    y = X[:, 0] * X[:, 1] ** 2 + rng.standard_normal(3_000)
    model = SymbolicRegressor(checkpoint=untrained, n_candidates=16, time_limit=UNHURRIED).fit(X, y)
    assert model.equations()[model.best_index_] == "x_0*x_1**2"


@pytest.mark.parametrize(("noise", "is_answered"), [(0.0, False), (0.05, True)])
def test_what_a_surrogate_does_without_is_no_noise(noise, is_answered, untrained, rng, monkeypatch):
    monkeypatch.setattr("nsr.search.context.has_structure", lambda *_: False)
    X = rng.uniform(1, 4, (3_000, 2))
    y = X[:, 0] * X[:, 1] + 0.05 * np.sin(X[:, 0]) + noise * rng.standard_normal(3_000)
    search = Search(task(X, y), from_pretrained(untrained), 16, ("families",))
    search.candidates.add(scored([parse("x_0*x_1")], search.candidates.task))
    search._context.states.append(search._context.root)
    assert search._context.is_answered(search._context.settings.short) == is_answered


def test_no_stage_is_begun_after_a_short_exact_answer(untrained, monkeypatch):
    def guess(*_, **__):
        raise AssertionError("the answer is known")

    monkeypatch.setattr("nsr.search.asking.guess", guess)
    model = fit("x_0*x_1**2 + sin(x_0)", 2, untrained, time_limit=UNHURRIED)
    assert model.best_["complexity"] <= 10
    assert model.best_["loss"] < 1e-20


def test_every_equation_says_which_stage_found_it(untrained, rng):
    model = fit("x_0*x_1**3/(x_2+1)", 3, untrained, stages=("families", "reduction"), time_limit=UNHURRIED)
    assert model.best_["stage"] in ("families", "reduction, families")
    model = fit("x_0*x_1", 2, untrained, stages=("evolution",), time_limit=UNHURRIED)
    assert model.best_["stage"] == "evolution"
    X = rng.uniform(1, 2, (50, 1))
    constant = SymbolicRegressor(checkpoint=untrained, n_candidates=16, time_limit=1).fit(X, np.ones(50))
    assert constant.best_["stage"] == ""


def test_functions_that_a_target_is_affine_in_are_found_one_by_one(untrained):
    text = "sin(x_0)*(x_1 + x_2**2) + x_1*x_2"
    model = fit(text, 3, untrained, stages=("families", "separation"), time_limit=UNHURRIED)
    assert model.best_["loss"] < 1e-20


def test_unknown_stages_are_named(untrained):
    with pytest.raises(ValueError, match="must be some of network, families"):
        fit("x_0", 1, untrained, stages=("networks",))


def test_units_may_leave_no_variable(untrained):
    X = np.random.default_rng(0).uniform(1, 4, (400, 2))
    model = SymbolicRegressor(checkpoint=untrained, n_candidates=16, time_limit=UNHURRIED)
    model.fit(X, 3 * X[:, 0] * X[:, 1], X_units=["m", "s"], y_units="m*s")
    assert model.best_["equation"] == "3*x_0*x_1"


def test_the_network_is_told_what_a_part_should_be(untrained, monkeypatch, rng):
    """Where the table's guesses are of no use, a wanted term or factor is guessed from its own values."""
    terms = [parse("x_0**2"), parse("sin(x_1)")]

    def guess(pretrained, X, y, **options):
        fits = [np.corrcoef(Program([term]).values(X)[0], y)[0, 1] for term in terms]
        return [apply("mul", constant(1.0), term) for term, r in zip(terms, fits, strict=True) if r > 0.7]

    monkeypatch.setattr("nsr.search.asking.guess", guess)
    monkeypatch.setattr("nsr.search.evolution.generations.guess", guess)
    monkeypatch.setattr(Generations, "evolved", lambda self: iter(()))
    monkeypatch.setattr(Varied, "batches", lambda self: iter(()))
    X = rng.uniform(1, 4, (400, 2))
    y = X[:, 0] ** 2 + np.sin(X[:, 1])
    model = SymbolicRegressor(
        checkpoint=untrained, stages=("network", "evolution"), guesses=["x_0**2"], time_limit=UNHURRIED
    ).fit(X, y)
    assert model.best_["loss"] < 1e-20
    assert model.best_["stage"] == "network, evolution"


def test_of_what_the_data_do_not_tell_apart_the_guess_is_chosen_in_its_own_words(untrained):
    """Competitive inhibition is 8.8/((x_1 + 2.3)/x_0 + 0.8) in words that are shorter by a symbol."""
    rng = np.random.default_rng(1)
    X = rng.uniform(1, 20, (60, 2))
    y = 11 * X[:, 0] / (X[:, 0] + 3 * (1 + X[:, 1] / 2.4)) + 0.2 * rng.standard_normal(60)
    guess = "Vm*x_0/(x_0 + Km*(1 + x_1/Ki))"
    model = SymbolicRegressor(
        checkpoint=untrained, stages=("families",), guesses=[guess], time_limit=UNHURRIED
    ).fit(X, y)
    assert model.best_["name"] == "your guess"
    assert model.guesses_[0].is_chosen


def test_the_search_ends_when_nothing_gets_better(untrained, rng):
    X = rng.uniform(1, 4, (100, 2))
    own = task(X, X[:, 0] + rng.standard_normal(100))
    search = Search(own, from_pretrained(untrained), 16, ("network", "evolution"), (), IDLE)
    assert len(list(itertools.islice(search.run(Clock()), 2_000))) < 2_000


def test_a_constant_that_nothing_beats_is_no_reason_to_stop(untrained, rng):
    # On this many rows of noise no equation is worth its bits.
    own = task(rng.uniform(1, 4, (1000, 2)), rng.standard_normal(1000))
    search = Search(own, from_pretrained(untrained), 16, ("evolution",), (), IDLE)
    search.candidates.add(constants(own, SearchSettings().finishing))
    assert len(list(itertools.islice(search.run(Clock()), 30))) == 30
    assert not search.candidates.best.expression.variables


def test_an_answer_that_is_long_does_not_end_the_search(untrained, rng):
    """Forty terms are exact on these rows, but nobody's law."""
    X = rng.uniform(1, 4, (200, 1))
    monster = parse(
        " + ".join(f"{c!r}*sin({k}*x_0)" for k, c in enumerate(rng.uniform(1, 2, 40).tolist(), 1))
    )
    own = task(X, Program([monster]).values(X)[0])
    settings = replace(IDLE, evolution=replace(IDLE.evolution, patience=40))
    search = Search(own, from_pretrained(untrained), 16, ("evolution",), (monster,), settings)
    assert len(list(itertools.islice(search.run(Clock()), 30))) == 30
    assert own.is_exact(search.candidates.best.loss)


@pytest.mark.parametrize(
    ("text", "is_doubtful"),
    [
        ("1.37*sin(2.71*x_0) + 0.53*x_0*exp(-0.77*x_0)", True),
        ("sin(x_0)*x_0**2 + exp(-x_0)/(x_0 + 1) + x_0", False),  # nothing was chosen by the data
        ("1.37*x_0 + 2.71", False),  # short
    ],
)
def test_a_long_exact_answer_of_several_constants_is_doubted(text, is_doubtful, untrained, rng):
    X = rng.uniform(1, 4, (200, 1))
    law = parse(text)
    own = task(X, Program([law]).values(X)[0])
    search = Search(own, from_pretrained(untrained), 16, ("evolution",), (law,), IDLE)
    next(search.run(Clock()))
    assert own.is_exact(search.candidates.best.loss)
    assert search._context.is_answer_doubtful is is_doubtful


@pytest.mark.parametrize(
    ("text", "is_doubtful"),
    [
        ("0.37*x_0*x_1**2*exp(1/cos(x_0/x_1)) + x_1", True),  # one constant makes much of a long form
        ("x_0*x_1**2*exp(1/cos(x_0/x_1)) + x_1 + x_0", False),
        ("0.37*x_0*x_1", False),
        ("0.37*x_0*x_1 + 1.71", True),
    ],
)
def test_answers_within_noise_are_doubted_by_length_and_constants(text, is_doubtful, untrained, rng):
    X = rng.uniform([1, 3], [2, 5], (ROWS, 2))
    values = Program([parse(text)]).values(X)[0]
    own = task(X, values + 0.01 * np.std(values) * rng.standard_normal(ROWS))
    search = Search(own, from_pretrained(untrained), 16, ("evolution",), (parse(text),), IDLE)
    next(search.run(Clock()))
    assert not own.is_exact(search.candidates.best.loss)
    assert search._context.is_answer_doubtful is is_doubtful


class _Steps:
    """A stage that hands on nothing, and says when it was asked."""

    components = frozenset()
    share = 1.0

    def __init__(self, name, asked, head_start, prepared):
        self.name, self.asked, self.head_start, self.prepared = name, asked, head_start, prepared

    def batches(self, context, clock):
        clock.spend(self.prepared)
        for _ in range(20):
            self.asked.append(self.name)
            yield []
            clock.spend(0.1)


def test_what_a_stage_takes_to_begin_is_no_part_of_its_head_start(monkeypatch, untrained):
    asked = []
    own = [_Steps("first", asked, head_start=0.45, prepared=3.0), _Steps("second", asked, 0.0, 0.0)]
    monkeypatch.setattr("nsr.search.engine.stages", lambda settings: own)
    X = np.arange(20.0)[:, None]
    search = Search(task(X, X[:, 0]), from_pretrained(untrained), 1, ("evolution",), (), IDLE)
    list(search.run(Clock()))
    assert asked[:5] == ["first"] * 5
    assert asked[5:].index("first") <= asked[5:].count("second")
    assert "second" in asked[5:8]
