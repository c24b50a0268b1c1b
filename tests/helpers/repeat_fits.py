"""A script that runs fits and prints what they found, to the last digit, as JSON.

Run it in fresh processes with different `PYTHONHASHSEED` and different speeds of the clock: the same data and
the same seed must give the same lines.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from effort import IDLE
from untrained import save_untrained

from nsr import ODERegressor, SymbolicRegressor

# Seconds of a clock that goes on at each look at it, which these fits do not come near.
UNHURRIED = 1e9


class LookedAtClock:
    """Stands in for `time.monotonic`: goes on by some seconds at each look, whatever the machine does."""

    def __init__(self, seconds_a_look: float) -> None:
        self.seconds_a_look, self.now = seconds_a_look, 0.0

    def __call__(self) -> float:
        self.now += self.seconds_a_look
        return self.now


def table(n_rows: int, n_columns: int, noise: float, function: Callable[[Any], Any]) -> tuple[Any, Any]:
    rng = np.random.default_rng(7)
    X = rng.uniform(1, 4, (n_rows, n_columns))
    y = function(X.T)
    return X, y + noise * np.std(y) * rng.standard_normal(n_rows)


def fit(data: tuple[Any, Any], **options: Any) -> list[Any]:
    model = SymbolicRegressor(time_limit=UNHURRIED, **options).fit(*data)
    front = zip(model.expressions_, model.equations_["loss"], model.equations_["stage"], strict=True)
    return [model.best_index_, *([*expression.tokens, loss, stage] for expression, loss, stage in front)]


def fit_system(**options: Any) -> list[Any]:
    times = np.linspace(0, 12, 80)
    rng = np.random.default_rng(7)
    X = np.column_stack((np.cos(times), -np.sin(times))) * np.exp(-0.1 * times)[:, None]
    model = ODERegressor(time_limit=UNHURRIED, **options).fit(times, X + 0.02 * rng.standard_normal(X.shape))
    front = zip(model.expressions_, model.equations_["loss"], strict=True)
    return [model.best_index_, *([*(c.tokens for c in system), loss] for system, loss in front)]


def quick(untrained: str) -> dict[str, list[Any]]:
    """Each stage once, with little work."""
    own = {"checkpoint": untrained, "n_candidates": 16, "settings": IDLE}
    noisy = table(40, 2, 0.05, lambda x: x[0] * np.exp(-x[1]) + x[1])
    return {
        "exact": fit(table(300, 4, 0.0, lambda x: x[0] * np.sin(x[1]) + x[2] / x[3]), **own),
        "noisy": fit(noisy, **own),
        "system": fit_system(stages=("library", "variation")),
    }


def thorough(untrained: str) -> dict[str, list[Any]]:
    """What users have: all stages with their usual effort, and the networks that ship."""
    noisy = table(120, 3, 0.1, lambda x: x[0] * x[1] / (1 + x[2]) + np.sin(x[0]))
    return {
        "noisy": fit(noisy),
        "one variable": fit(table(60, 1, 0.02, lambda x: np.exp(-x[0]) * np.sin(3 * x[0]))),
        "untrained": fit(noisy, checkpoint=untrained, n_candidates=64),
        "many rows": fit(table(3_000, 5, 0.05, lambda x: x[0] * x[1] ** 2 / x[2] + x[3])),
        "system": fit_system(),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    time.monotonic = LookedAtClock(float(sys.argv[2]))
    with tempfile.TemporaryDirectory() as folder:
        found = {"quick": quick, "thorough": thorough}[sys.argv[1]](
            save_untrained(Path(folder) / "untrained")
        )
    for name, front in found.items():
        sys.stdout.write(json.dumps({name: front}) + "\n")
