"""Compiling of kernels in the first fit on a machine, which is not the time of a search."""

from __future__ import annotations

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.simplify import simplify
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.refinement.subsets import best_subsets
from nsr.task import Task


def compile_kernels() -> None:
    """Loads or compiles what simplifies, evaluates and refines equations, so that no search waits for it."""
    X = np.linspace(0.5, 1.5, 8)[:, None]
    expression = Expression(("mul", PLACEHOLDER, "exp", "mul", PLACEHOLDER, "x_0"))
    simplify(expression)
    Program([expression]).values(X)
    refine([expression], Task(X, X[:, 0], SQUARED_ERROR), Effort(restarts=1, iterations=2))
    best_subsets(np.eye(2), np.ones(2), 2.0, np.arange(2)[:, None], n_best=1, largest=1.0)
