"""Compiling of the kernels of dynamical systems in the first fit on a machine."""

from __future__ import annotations

import numpy as np

from nsr.expressions.expression import variable
from nsr.ode.integrate import Systems
from nsr.ode.slopes import local_slopes
from nsr.refinement.compiling import compile_kernels


def compile_ode_kernels() -> None:
    """Loads or compiles what `compile_kernels` does, what simulates systems, and what takes slopes."""
    compile_kernels()
    times = np.linspace(0.0, 1.0, 8)
    states = Systems([(variable(0),)]).integrate(np.ones((1, 1)), times)
    Systems([(variable(0),)], is_discrete=True).integrate(np.ones((1, 1)), np.arange(8.0))
    local_slopes(times[None], states, 1, np.random.default_rng(0))
