"""Tables as people have them: few rows, kinds told by text or by 0 and 1, counts, decades, and a law."""

from __future__ import annotations

import numpy as np
import pandas as pd


def plain_table(seed: int) -> pd.DataFrame:
    """A table whose last column, y, is a law of some others, with or without noise."""
    rng = np.random.default_rng(seed)
    n_rows = int(rng.choice([5, 8, 12, 20, 40, 60, 100]))
    drawn = {
        "uniform": rng.uniform(0.5, 3, n_rows),
        "setting": rng.choice([1.0, 2.0, 5.0], n_rows),
        "yes": rng.integers(0, 2, n_rows),
        "kind": rng.choice(list("ABC"), n_rows),
        "count": rng.poisson(3, n_rows),
        "decades": 10 ** rng.uniform(-6, 6, n_rows),
        "same": np.full(n_rows, 293.15),
        "nearly same": 1_000 + 1e-3 * rng.normal(size=n_rows),
        "time": 0.1 * np.arange(n_rows),
        "signed": rng.normal(size=n_rows),
    }
    names = rng.permutation(list(drawn))[: rng.integers(2, 6)]
    table = pd.DataFrame({name: drawn[name] for name in names})
    # A law may ask whether a row is of a kind.
    values = {
        name: np.asarray(drawn[name] == "A" if name == "kind" else drawn[name], float) for name in names
    }
    first, last = values[names[0]], values[names[-1]]
    laws = [
        first * last, first + last**2, first / (last + 2), np.where(first > np.median(first), last, 2.0),
        np.sqrt(first**2 + (last - 1) ** 2), first * (1 + last) ** 2, rng.normal(size=n_rows),
    ]  # fmt: skip
    noise = rng.choice([0.0, 1e-3, 0.01, 0.1]) * rng.normal(size=n_rows)
    return table.assign(y=laws[rng.integers(len(laws))] * (1 + noise))
