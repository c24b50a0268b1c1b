from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import curve_fit

from nsr.clock import Clock
from nsr.evaluate.program import values_of
from nsr.expressions.canonical import form_key
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.space import SearchSpace
from nsr.refinement.alternatives import form_bits
from nsr.refinement.candidates import fitted, named, scored
from nsr.refinement.choice import RULES, Front, chosen_front, without_twins
from nsr.refinement.conditioning import with_sure_digits
from nsr.refinement.crossvalidation import HeldOut, held_out_losses, is_as_good
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.losses import POISSON
from nsr.refinement.refine import Effort
from nsr.search.evolution.variations import variations
from nsr.task import Task


def task(X, y, weights=None):
    return Task(X, y, SQUARED_ERROR, weights)


def refined(texts, one):
    return fitted([parse(text) for text in texts], one, Effort(), Clock())


@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_rows_left_out_one_by_one_are_those_of_the_hat_matrix(rng, weighted):
    """PRESS: with least squares, the residual of a row left out is its residual over 1 - h (Allen 1974)."""
    X = rng.uniform(1, 5, (9, 2))
    y = 2 * X[:, 0] - X[:, 1] + 0.3 * rng.standard_normal(9)
    weights = rng.uniform(0.5, 2, 9) if weighted else np.ones(9)
    (line,) = refined(["1.1*x_0 + 0.9*x_1"], task(X, y, weights if weighted else None))
    root = np.sqrt(weights)[:, None]
    hat = (X * root) @ np.linalg.pinv(X * root)
    residual = (y - X @ np.linalg.lstsq(X * root, y * root[:, 0], rcond=None)[0]) / (1 - np.diag(hat))
    losses = held_out_losses([line.expression], task(X, y, weights if weighted else None))
    np.testing.assert_allclose(losses[0], residual**2 * weights / weights.mean(), rtol=1e-6)


def test_a_row_that_is_left_out_is_not_predicted_by_a_peak_of_its_own(rng):
    """Without it nothing says that there is one: what it is off by, it is off by in any other fit, too."""
    x = np.linspace(0, 2, 15)
    y = 0.6 * x + 0.01 * rng.standard_normal(15)
    y[7] += 0.5
    one = task(x[:, None], y)
    line, peak = refined(["0.6*x_0 + 0.02"], one) + refined(["0.6*x_0 + 0.5*exp(-500*(x_0 - 1)**2)"], one)
    assert peak.loss < 0.01 * line.loss
    losses = held_out_losses([line.expression, peak.expression], one)
    assert losses[1, 7] > 0.01
    assert np.median(losses[1]) < 0.001
    front = chosen_front([*scored([parse("0.6")], one), line, peak], one)
    assert front.candidates[front.best] == line


def test_constants_that_make_up_for_each_other_leave_no_row_open(rng):
    x = rng.uniform(1, 5, (30, 1))
    one = task(x, 2 * x[:, 0] + 0.1 * rng.standard_normal(30))
    forms = [parse("2*x_0"), parse("1.5*(1.3*x_0)")]
    losses = held_out_losses(forms, one)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_constants_far_from_one_are_fitted_without_the_rows_that_are_left_out(rng):
    """A pair of which each moves the values by a hundred-thousandth: refinement leaves them as they are."""
    x = rng.uniform(5, 90, 9)
    y = np.exp(179_000 / (97_500 - x**2)) * (1 + 1e-3 * rng.standard_normal(9))
    one = task(x[:, None], y)

    def curve(x, a, b):
        return np.exp(a * 1e5 / (b * 1e5 - x**2))

    best, _ = curve_fit(curve, x, y, (1.79, 0.975))
    a, b = (1e5 * best).tolist()
    form = parse(f"exp({a!r}/({b!r} - x_0**2))")
    expected = []
    for row in range(9):
        kept = np.arange(9) != row
        own, _ = curve_fit(curve, x[kept], y[kept], best)
        expected.append((curve(x[row], *own) - y[row]) ** 2)
    np.testing.assert_allclose(held_out_losses([form], one)[0], expected, rtol=1e-3)


def test_an_equation_without_a_value_on_a_row_left_out_is_worth_nothing(rng):
    X = np.append(rng.uniform(1, 2, 20), -1.0)[:, None]
    losses = held_out_losses([parse("log(x_0)")], task(X, X[:, 0]))
    assert np.isinf(losses[0, -1])
    assert np.all(np.isfinite(losses[0, :-1]))


def test_with_noise_a_longer_form_must_predict_better():
    """The simplest within one standard error: terms that the truth lacks are taken seldom, its own always."""
    lengths = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.uniform(1, 5, (60, 2))
        one = task(X, 2.7 * X[:, 0] * X[:, 1] + rng.standard_normal(60))
        texts = ("1.1*x_0", "1.1*x_0*x_1", "1.1*x_0*x_1 + 0.1*x_0", "1.1*x_0*x_1 + 0.1*sin(x_0) + 0.3")
        front = chosen_front([*scored([parse("20")], one), *refined(texts, one)], one)
        lengths.append(len(front.candidates[front.best].expression.tokens))
    assert min(lengths) == 5
    assert lengths.count(5) >= 14  # one standard error holds in about five of six


def test_weak_effects_are_not_priced_away(rng):
    """A wave of p = 1e-6 on few rows, which bits for nodes and constants would cost more than it saves."""
    x = np.linspace(0, 10, 40)
    y = 5 + 0.8 * np.cos(x) + 0.6 * rng.standard_normal(40)
    one = task(x[:, None], y)
    front = chosen_front([*scored([parse("5")], one), *refined(["1.2*cos(x_0) + 4.5"], one)], one)
    assert to_infix(front.candidates[front.best].expression, digits=2).endswith("cos(x_0) + 5")


def test_a_curve_that_is_wrong_for_few_rows_alone_is_not_as_good(rng):
    """Two rows hold all that tells the curves apart, and nearly all of the difference's standard error."""
    best = rng.standard_normal(40) ** 2
    losses = best + np.append([40.0, 60.0], np.zeros(38))
    assert is_as_good(losses, best, within=1.5, bits=100.0)
    assert not is_as_good(losses, best, within=1.5, bits=10.0)
    assert is_as_good(best, best, within=0.0, bits=0.0)


def test_a_textbook_curve_is_simpler_than_shorter_words_that_nobody_means(rng):
    """Of few rows a tangent passes for an exponential approach, which has two symbols more, and a name."""
    x = np.linspace(0.5, 8, 30)
    one = task(x[:, None], 10 * (1 - np.exp(-0.4 * x)) + rng.standard_normal(30))
    curve, double = refined(["9.1*(1 - exp(-0.39*x_0))", "7.9*tanh(0.31*x_0)"], one)
    if "tanh" in curve.expression.tokens:
        curve, double = double, curve
    approach = named(curve, "approach", one)
    assert double.complexity < approach.complexity
    front = chosen_front([*scored([parse(repr(one.level))], one), double, approach], one)
    assert front.candidates[front.best] == approach


def test_a_long_form_made_for_the_noise_of_large_values_is_not_chosen():
    """Errors of 5 % of the value, which nobody was told of: three of thirty rows have half of the loss."""
    t = np.round(np.linspace(0.5, 24, 30), 2)
    noise = np.random.default_rng(5).standard_normal(30)
    one = task(t[:, None], 12 * np.exp(-0.21 * t) * (1 + 0.05 * noise))
    decay, wild = refined(["11*exp(-0.2*x_0)", "exp(-0.2*x_0)*(abs(sin(log(x_0)**2)) + 11)"], one)
    if decay.complexity > wild.complexity:
        decay, wild = wild, decay
    assert wild.loss < 0.4 * decay.loss
    front = chosen_front([*scored([parse("2.26")], one), named(decay, "exponential", one), wild], one)
    assert front.candidates[front.best].expression == decay.expression


def with_losses(forms, losses, lengths, one, monkeypatch):
    """Candidates that take some bits to write down, whose losses on rows left out are known."""
    rows = [
        replace(form, loss=own.mean(), bits=one.loss.bits(own.mean(), one.null_loss, one.n_rows) + length)
        for form, own, length in zip(forms, losses, lengths, strict=True)
    ]
    known = {row.expression: own for row, own in zip(rows, losses, strict=True)}
    monkeypatch.setattr(HeldOut, "losses", lambda _, asked: np.array([known[form] for form in asked]))
    return rows


@pytest.mark.parametrize("n_variables", [1, 2])
def test_another_form_must_be_worth_its_symbols_beside_a_textbook_curve(n_variables, rng, monkeypatch):
    """It predicts nearly every row better, and as many rows are not worth as many bits as it is longer."""
    one = task(rng.uniform(1, 2, (24, n_variables)), rng.standard_normal(24))
    line, wild = scored([parse("x_0"), parse("tanh(x_0)**3*exp(x_0)")], one)
    wild_losses = 0.5 + 0.1 * rng.uniform(size=24)
    losses = [wild_losses + rng.uniform(0.08, 0.1, 24), wild_losses]  # 3 bits
    rows = with_losses([replace(line, name="straight line"), wild], losses, (14, 25), one, monkeypatch)
    front = chosen_front(rows, one)
    assert front.candidates[front.best] == rows[0 if n_variables == 1 else 1]
    assert chosen_front([replace(rows[0], name=""), rows[1]], one).candidates[-1] == rows[1]


def test_a_long_best_equation_is_not_the_only_rival(rng, monkeypatch):
    """An outlier makes all standard errors large, and the best one is long: worth little for its losses."""
    one = task(rng.uniform(1, 2, (80, 2)), rng.standard_normal(80))
    forms = scored([parse(text) for text in ("x_0", "x_0 + 0.3*x_1", "exp(x_0) + sin(x_1)*x_1**2/x_0")], one)
    losses = rng.uniform(0.4, 0.42, (3, 80))
    losses[:2, 0] += [52, 23]  # means of 1.06, 0.7 and 0.41: 55, 31 and 0 bits less likely than the best
    rows = with_losses(forms, losses, (10, 20, 75), one, monkeypatch)
    front = chosen_front(rows, one)
    assert front.candidates[front.best] == rows[1]


def test_a_long_equation_is_not_as_good_for_predicting_some_rows_wildly(rng, monkeypatch):
    """Its own losses scatter so much that it is not significantly worse; a shorter one is, and is better."""
    one = task(rng.uniform(1, 2, (36, 2)), rng.standard_normal(36))
    texts = ("x_0", "x_0*x_1", "x_0 - exp(-x_1)", "x_0/x_1 - 9*x_1**2")
    forms = scored([parse(text) for text in texts], one)
    losses = np.tile(rng.uniform(0.19, 0.21, 36), (4, 1))
    losses[0] += 2
    losses[1] += 0.12
    losses[2, :2] += [6, 1]  # a mean of 0.39 beside 0.32 and 0.2
    rows = with_losses(forms, losses, (5, 40, 50, 60), one, monkeypatch)
    fitted_bits = one.loss.bits(0.25, one.null_loss, one.n_rows)
    rows[2] = replace(rows[2], loss=0.25, bits=fitted_bits + 50)  # of the rows that it was fitted to
    assert is_as_good(losses[2], losses[3], within=1.5, bits=20.0)
    assert not is_as_good(losses[1], losses[3], within=1.5, bits=40.0)
    front = chosen_front(rows, one)
    assert front.candidates[front.best] == rows[3]


@pytest.mark.parametrize(
    ("longer", "more", "chosen"),
    [
        ("x_0*exp(x_1)", 4, 1),
        ("x_0*exp(x_1)", 12, 0),
        ("1.37*x_0*exp(0.73*x_1)", 12, 1),
        ("1.37*x_0*exp(0.73*x_1)", 20, 0),
    ],
)
def test_within_standard_errors_a_longer_form_must_be_worth_its_bits(longer, more, chosen, rng, monkeypatch):
    """One row in 60 makes them eight bits likelier by one form, and has all of the standard error.

    Of the bits of two constants five each do not count, as rows that were left out judge them.
    """
    one = task(rng.uniform(1, 2, (60, 2)), rng.standard_normal(60) + 4 * (np.arange(60) == 0))
    forms = scored([parse(text) for text in ("x_0", longer)], one)
    losses = np.full((2, 60), 0.5)
    losses[0, 0] += 6
    assert is_as_good(*losses, within=1.1, bits=8.0)
    assert not is_as_good(*losses, within=1.1, bits=7.5)
    rows = with_losses(forms, losses, (20, 20 + more), one, monkeypatch)
    front = chosen_front(rows, one)
    assert front.candidates[front.best] == rows[chosen]


def test_a_curve_that_another_one_is_better_than_is_not_chosen_for_being_shorter_than_the_best():
    """Stopping distances of the Highway Code, in metres by miles per hour, and a long form."""
    one = task(np.arange(20.0, 80, 10)[:, None], np.array([12.0, 23, 36, 53, 73, 96]))
    proportion, law, wild = (
        refined([text], one)[0]
        for text in ("1.2*x_0", "0.07*x_0**1.7", "(0.1258*x_0 + sin(atan(sqrt(x_0))))**2")
    )
    curves = [named(proportion, "proportionality", one), named(law, "power law", one)]
    front = chosen_front([*scored([parse("x_0")], one), *curves, wild], one)
    assert front.candidates[front.best] == curves[1]


def test_nothing_is_chosen_that_predicts_worse_than_the_mean(rng):
    for _ in range(10):
        X, y = rng.uniform(1, 2, (30, 2)), rng.standard_normal(30) + 3
        one = task(X, y)
        texts = ("0.1*x_0 + 3", "0.1*x_0 + 0.2*x_1 + 3", "0.1*sin(3*x_0) + 0.2*x_1 + 3")
        front = chosen_front([*scored([parse(repr(one.level))], one), *refined(texts, one)], one)
        losses = held_out_losses([c.expression for c in front.candidates], one).mean(axis=1)
        assert losses[front.best] <= losses[0]


def test_nothing_is_chosen_that_is_worse_than_a_constant_where_one_row_has_all_the_variance():
    """That row is predicted by nothing that is fitted without it, so that losses tell nothing apart."""
    x = np.linspace(3.1, 9, 12)
    one = task(x[:, None], 0.05 / (x - 3.08) + 0.01 * np.cos(7 * x))
    line, curve = (refined([text], one)[0] for text in ("0.01*x_0", "0.05/(x_0 - 3.08)"))
    rows = [named(line, "proportionality", one), named(curve, "hyperbola", one)]
    assert line.loss > one.null_loss > 10 * curve.loss
    front = chosen_front(rows, one)
    assert front.candidates[front.best] == rows[1]


def test_rows_whose_digits_are_lost_are_not_shown(rng):
    x = rng.uniform(3, 9, 40)
    one = task(x[:, None], x**-2)
    texts = ("x_0**-2", "1e12*(1 - exp(-1e-12*x_0**-2))", "1 - exp(-x_0**-2)")
    front = Front(scored([parse(text) for text in texts], one), 0)
    assert [row.expression for row in with_sure_digits(front, one).candidates] == [
        parse(texts[0]), parse(texts[2]),
    ]  # fmt: skip
    assert with_sure_digits(replace(front, best=1), one).best == 1


def test_rows_of_the_front_differ_significantly_and_the_mean_comes_first(rng):
    X = rng.uniform(1, 5, (200, 2))
    one = task(X, X[:, 0] * X[:, 1] + 0.1 * rng.standard_normal(200))
    texts = ("1.1*x_0", "1.1*x_0*x_1", "1.1*x_0*x_1 + 0.001", "1.1*x_0*x_1 + 0.001*x_0 + 0.001*x_1")
    front = chosen_front([*scored([parse(repr(one.level))], one), *refined(texts, one)], one)
    assert [len(c.expression.tokens) for c in front.candidates] == [1, 3, 5]


@pytest.mark.parametrize("rule", RULES)
def test_rules(rule, rng):
    X = rng.uniform(1, 5, (200, 2))
    one = task(X, 2.7 * X[:, 0] * X[:, 1] + 0.1 * rng.standard_normal(200))
    texts = ("1.1*x_0", "1.1*x_0*x_1", "1.1*x_0*x_1 + 0.001*x_0 + 0.5*sin(x_1)")
    front = chosen_front([*scored([parse("20")], one), *refined(texts, one)], one, rule)
    lengths = [len(c.expression.tokens) for c in front.candidates]
    assert lengths[front.best] == (14 if rule == "accuracy" else 5)


def test_without_time_to_leave_rows_out_no_long_form_is_chosen(rng):
    """Losses of rows that were fitted fall with every constant."""
    X = rng.uniform(1, 5, (60, 1))
    one = task(X, 2.7 * X[:, 0] + rng.standard_normal(60))
    texts = ("1.1*x_0", "1.1*x_0 + 0.1*sin(9.1*x_0)", "1.1*x_0 + 0.1*sin(9.1*x_0) + 0.1*cos(7.3*x_0 + 0.4)")
    pool = [*scored([parse("8")], one), *refined(texts, one)]
    front = chosen_front(pool, one, clock=Clock.of(0.0))
    assert to_infix(front.candidates[front.best].expression, digits=2) == "2.7*x_0"
    assert min(pool, key=lambda c: c.loss).complexity > front.candidates[front.best].complexity


def test_what_is_described_best_is_compared_whatever_fits_better_at_its_size(rng):
    """A curve by its name, beside a form as large that fits the noise a little better and says nothing."""
    x = rng.uniform(1, 20, (60, 2))
    one = task(x, 12 * x[:, 0] / (x[:, 0] + x[:, 1] + 3) + 0.2 * rng.standard_normal(60))
    texts = ("2.1*sqrt(x_0)", "5.9*atan(x_0/x_1)", "6.4*sqrt(x_0/(x_1 + 5.7))", "11.8*x_0/(x_0 + x_1 + 3.1)")
    *simple, curve = (next(iter(refined([text], one))) for text in texts)
    curve = named(curve, "competitive inhibition", one)
    rival = replace(curve, expression=parse("11.8*x_0/(x_1 + x_0 + 3.2)"), loss=0.99 * curve.loss)
    rival = replace(rival, bits=curve.bits + 60, name="")
    front = chosen_front([*scored([parse("6")], one), *simple, rival, curve], one)
    assert front.candidates[front.best] == curve


def test_of_equations_about_as_short_the_one_that_predicts_best_is_chosen():
    """An exponential under its name takes a bit more than a fraction that is further off."""
    rng = np.random.default_rng(3)
    X = rng.uniform(0, 4, (200, 2))
    counts = rng.poisson(np.exp(-1.2 + 0.9 * X[:, 0] - 0.5 * X[:, 1])).astype(float)
    one = Task(X, counts, POISSON)
    texts = ("0.1*exp(0.9*x_0)", "exp(x_0)/(x_1**2 + 6.1)", "0.3*exp(0.9*x_0 - 0.51*x_1)")
    simple, fraction, exponential = (next(iter(refined([text], one))) for text in texts)
    exponential = named(exponential, "exponential of a sum", one)
    more = form_bits(exponential, one) - form_bits(fraction, one)
    fraction = replace(fraction, bits=fraction.bits + more - 1)
    held_out = held_out_losses([fraction.expression, exponential.expression], one).mean(axis=1)
    assert held_out[1] < held_out[0]
    front = chosen_front([*scored([parse("1.3")], one), simple, fraction, exponential], one)
    assert front.candidates[front.best] == exponential


def test_what_says_the_same_as_the_chosen_row_is_not_shown_beside_it(rng):
    X = rng.uniform(0, 10, (80, 1))
    one = task(X, 2 + np.sin(X[:, 0]) + 0.1 * rng.standard_normal(80))
    texts = ("2", "1e-7*x_0 + sin(x_0) + 2", "sin(x_0) + 2", "sin(x_0) + 2.1")
    rows = scored([parse(text) for text in texts], one)
    front = without_twins(Front(rows, best=2), one)
    assert front.candidates == [rows[0], rows[2], rows[3]]
    assert front.best == 1


def test_of_thousands_of_rows_a_law_is_not_given_up_for_the_luckiest_of_its_variations():
    law = parse("1.37*x_0/(x_1*x_2)**2")
    varied = variations(law, 3, SearchSpace(), 60)
    for seed in range(18, 23):
        rng = np.random.default_rng(seed)
        X = rng.uniform(1, 5, (2_500, 3))
        y = values_of(law, X)
        one = task(X, y + 0.01 * np.std(y) * rng.standard_normal(len(y)))
        candidates = fitted([law, *varied], one, Effort(restarts=1, iterations=20), Clock())
        front = chosen_front(candidates, one)
        assert form_key(front.candidates[front.best].expression) == form_key(law)
