"""Compiling of kernels in the first fit on a machine, which is not the time of a search."""

from __future__ import annotations

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.refinement.refine import refine


def compile_kernels() -> None:
    """Loads or compiles what evaluates and refines equations, so that no search waits for it."""
    X = np.linspace(0.5, 1.5, 8)[:, None]
    expression = Expression(("mul", PLACEHOLDER, "exp", "mul", PLACEHOLDER, "x_0"))
    Program([expression]).values(X)
    refine([expression], X, X[:, 0], restarts=1, max_iterations=2)
