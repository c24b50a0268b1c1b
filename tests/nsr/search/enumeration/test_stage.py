"""Laws of one variable of which no part is any good alone."""

import numpy as np
import pytest
from untrained import save_untrained

from nsr.clock import Clock
from nsr.expressions.canonical import form_key
from nsr.expressions.parsing import parse
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.engine import Search
from nsr.task import Task

NOISE = 0.01


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return from_pretrained(save_untrained(tmp_path_factory.mktemp("weights") / "untrained"))


@pytest.mark.parametrize(
    ("law", "low", "high", "form"),
    [
        (lambda u: (u - 1) / np.log(u), 1.3, 9.0, "(x_0-1)/log(x_0)"),
        (lambda u: np.sqrt(u / (u + 1)) - 0.7, 1.0, 8.0, "sqrt(x_0/(x_0+1))-0.7"),
        (lambda u: u**12 - u**6, 0.7, 1.15, "(x_0^6-0.5)^2-0.25"),
    ],
    ids=["logarithmic mean", "root of a share", "difference of powers"],
)
def test_noise_does_not_hide_them(law, low, high, form, network):
    rng = np.random.default_rng(3)
    u = rng.uniform(low, high, 4_000)
    exact = law(u)
    y = exact + NOISE * np.sqrt(np.mean(exact**2)) * rng.standard_normal(len(u))
    search = Search(Task(u[:, None], y, SQUARED_ERROR), network, 16, ("enumeration",))
    for _ in search.run(Clock.of(600.0)):
        pass
    keys = {form_key(one.expression) for one in search.candidates.front()}
    assert form_key(parse(form)) in keys


def test_few_rows_are_left_to_others(network):
    u = np.linspace(1.3, 9.0, 50)
    search = Search(Task(u[:, None], (u - 1) / np.log(u), SQUARED_ERROR), network, 16, ("enumeration",))
    assert not [one for batch in search.run(Clock.of(60.0)) for one in batch]
