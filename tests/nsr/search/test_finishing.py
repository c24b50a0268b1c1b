import numpy as np

from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import ranked, scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.finishing import finished
from nsr.search.settings import FinishingSettings
from nsr.task import Task


def test_parts_that_are_level_on_all_rows_are_numbers():
    rng = np.random.default_rng(1)
    X = rng.uniform((1, 1, 3), (5, 2, 10), (2_000, 3))
    y = X[:, 0] / np.sqrt(2 - (X[:, 1] / X[:, 2]) ** 2)
    task = Task(X, y + 0.001 * y.std() * rng.standard_normal(2_000), SQUARED_ERROR)
    pool = scored(
        [parse("x_0/sqrt(1/tanh(x_2**2) + atan(exp(x_2**2))*2/pi - (x_1/x_2)**2)"), parse("0.7*x_0")], task
    )
    found = finished(pool, task, Clock(), FinishingSettings())
    assert ranked(found)[0].expression == simplify(parse("x_0/sqrt(2 - (x_1/x_2)**2)"))
