"""Fields whose equations are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def cooling():
    """Times, places and a solution of u_t = 0.3 u_xx - 0.5 u_x on a periodic line: decaying, moving waves."""
    t, x = np.linspace(0, 3, 61), np.linspace(0, 2 * np.pi, 80, endpoint=False)
    T, X = np.meshgrid(t, x, indexing="ij")
    u = sum(
        a * np.exp(-0.3 * k**2 * T) * np.cos(k * (X - 0.5 * T) + a) for k, a in ((1, 1.0), (2, 0.7), (3, 0.5))
    )
    return t, x, u


@pytest.fixture(scope="session")
def soliton():
    """A Burgers shock: u = 2 c / (1 + exp(c (x - c t) / nu)) solves u_t = -u u_x + nu u_xx (Whitham 1974)."""
    t, x, c, nu = np.linspace(0, 4, 61), np.linspace(-4, 8, 121), 0.8, 0.2
    T, X = np.meshgrid(t, x, indexing="ij")
    return t, x, 2 * c / (1 + np.exp(c * (X - c * T) / nu))
