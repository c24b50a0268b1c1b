"""Candidates and their names."""

import numpy as np

from nsr.expressions.parsing import parse
from nsr.refinement.candidates import as_found_by, named, scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.task import Task


def test_a_name_stays_until_one_of_its_variables_has_gone(rng):
    X = rng.uniform(1, 2, (50, 2))
    task = Task(X, 3 * X[:, 0] ** 1.4, SQUARED_ERROR)
    curve = parse("3*x_0**1.4/(1 + 0*x_1)")
    (found,) = [named(candidate, "hyperbola times powers", task) for candidate in scored([curve], task)]
    rounded, shorter = (
        as_found_by([found], scored([parse(text)], task), task)[0]
        for text in ("3*x_0**1.4/(1 + 0.0*x_1)", "3*x_0**1.4")
    )
    assert rounded.name == "hyperbola times powers"
    assert shorter.name == ""
    assert shorter.bits == scored([parse("3*x_0**1.4")], task)[0].bits
    assert np.isfinite(shorter.bits)
