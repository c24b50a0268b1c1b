"""Columns that have nothing to do with the target, among those that have (SRSD, arXiv:2206.10540)."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from nsr.expressions.expression import variable
from nsr.problems.distribution import Distribution
from nsr.problems.problem import Problem

# A dummy is log-uniform over two decades about a power of ten with an exponent of at most this size.
_LARGEST_EXPONENT = 32


def with_dummies(problem: Problem, count: int) -> Problem:
    """The problem with this many dummy columns at random places, the same ones each time.

    Args:
        problem: What to add them to; its name decides where and how large they are.
        count: How many; with none the problem is returned as it is.

    Raises:
        ValueError: If the count is negative.
    """
    if count < 0:
        raise ValueError(f"there cannot be {count} dummy columns; give 0 or more")
    if not count:
        return problem
    rng = np.random.default_rng(zlib.crc32(problem.name.encode()))
    n_variables = len(problem.variable_names)
    own = problem.distributions or tuple(Distribution(low, high) for low, high in problem.ranges)
    columns = list(zip(problem.variable_names, own, problem.units or ("",) * n_variables, strict=True))
    for i in range(count):
        columns.insert(int(rng.integers(len(columns) + 1)), (f"dummy_{i + 1}", _dummy(rng), "1"))
    names, distributions, units = zip(*columns, strict=True)
    places = {i: variable(names.index(name)) for i, name in enumerate(problem.variable_names)}
    return replace(
        problem,
        expression=problem.expression.substitute(places),
        variable_names=names,
        ranges=tuple(distribution.range for distribution in distributions),
        units=units if problem.units else (),
        distributions=distributions,
    )


def _dummy(rng: np.random.Generator) -> Distribution:
    middle = 10.0 ** int(rng.integers(-_LARGEST_EXPONENT, _LARGEST_EXPONENT, endpoint=True))
    return Distribution(middle / 10, middle * 10, "log", "+-" if rng.random() < 0.5 else "+")
