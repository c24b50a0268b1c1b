"""Shared test settings."""

import os

# One thread per process, also of those that tests start, so that parallel runs do not fight for cores; NumPy
# reads it when it is imported.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# ruff: noqa: E402
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings

from nsr.expressions.operators import OPERATORS, register
from nsr.problems import suites

# What tests share lies beside them.
sys.path.insert(0, str(Path(__file__).parent / "helpers"))

# The same examples in every run: a failure is always somebody's change. No deadline: machines differ.
settings.register_profile("repeatable", derandomize=True, deadline=None)
# Other examples in every run, or with --hypothesis-seed the same; none is kept, as a run would begin with it.
settings.register_profile("campaign", deadline=None, database=None, print_blob=True)
settings.load_profile("repeatable")

torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    """Tries all cases where the campaign is asked for."""
    if config.option.markexpr == "campaign":
        settings.load_profile("campaign")


@pytest.fixture
def registered():
    """Registers operators for one test."""
    before = dict(OPERATORS.snapshot)
    yield register
    OPERATORS._publish(before)


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of each test's own: a shared one would make outcomes depend on the order of tests.

    Not of seed 0, with which tables are drawn: noise must not be correlated with them.
    """
    return np.random.default_rng(1)


@pytest.fixture
def own_suites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test register suites of its own, which are forgotten afterwards."""
    monkeypatch.setattr(suites, "_suites", dict(suites._suites))
