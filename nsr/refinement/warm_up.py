"""Compiling of kernels in the first fit on a machine, which is not the time of a search."""

from __future__ import annotations

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.task import Task


def warm_up() -> None:
    """Loads or compiles what evaluates and refines equations, so that a later call does not wait for it."""
    X = np.linspace(0.5, 1.5, 8)[:, None]
    expression = Expression(("mul", PLACEHOLDER, "exp", "mul", PLACEHOLDER, "x_0"))
    for table in (X, X.astype(np.float32)):
        Program([expression]).values(table)
    Program([expression]).jacobian(X)
    refine([expression], Task(X, X[:, 0], SQUARED_ERROR), Effort(restarts=1, iterations=2))
