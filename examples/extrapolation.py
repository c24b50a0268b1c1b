"""Beyond the range of the data: a network, the equation distilled from it, and a regression on the data.

`python -m examples.extrapolation` trains a small network to noisy data and distils it, and fits the same data
directly. Errors are against the law without noise, within the data's range and in one twice as wide.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor, nn

import nsr
from examples.measured import Output, save

Array = NDArray[np.float64]

COLUMNS = ["dose", "rate"]
# Of weights; it keeps the network from following the noise.
_DECAY, _LEARNING_RATE = 0.01, 5e-3


def law(X: Array) -> Array:
    """What is to be found: a saturating response that decays."""
    dose, rate = X.T
    return np.asarray(5 * dose / (1 + dose) * np.exp(-rate))


def network(X: Array, y: Array, n_steps: int, seed: int) -> nn.Sequential:
    """A network of two hidden layers, trained to the mean squared error."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)
        )  # fmt: skip
    inputs, target = _tensor(X), _tensor(y)[:, None]
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in range(n_steps):
        optimizer.zero_grad()
        (model(inputs) - target).square().mean().backward()
        optimizer.step()
        schedule.step()
    return model


def drawn(n: int, widest: float, rng: np.random.Generator) -> Array:
    """Doses and rates, uniform from zero, shape (n, 2)."""
    return rng.uniform(0, widest, (n, 2))


def main(
    rows: Annotated[int, typer.Option(help="that the network is trained on")] = 400,
    noise: Annotated[float, typer.Option(help="standard deviation, of the law's")] = 0.1,
    steps: Annotated[int, typer.Option(help="of training")] = 2000,
    time_limit: Annotated[float, typer.Option(help="seconds of each search")] = 20.0,
    seed: Annotated[int, typer.Option(help="of data, network and search")] = 0,
    output: Output = None,
) -> None:
    """Print equations and errors within and beyond the range."""
    rng = np.random.default_rng(seed)
    X = drawn(rows + rows // 2, 2.0, rng)
    y = law(X) + noise * law(X).std() * rng.normal(size=len(X))
    model = network(X[:rows], y[:rows], steps, seed)
    estimator = nsr.SymbolicRegressor(time_limit=time_limit, random_state=seed)
    held_out = pd.DataFrame(X[rows:], columns=COLUMNS)
    found = nsr.distill(model, held_out, targets=y[rows:], estimator=estimator)
    print(found)
    direct = nsr.SymbolicRegressor(time_limit=time_limit, random_state=seed)
    direct.fit(pd.DataFrame(X, columns=COLUMNS), y)
    equation = direct.equations("warranted")[direct.best_index_]
    print(f"directly: {equation}")
    figures: dict[str, Any] = {"seed": seed, "directly": equation}
    figures["distilled"] = None if found.is_empty else found.layers[""].latents[0].equation
    for where, widest in (("within the range", 2.0), ("up to twice the range", 4.0)):
        fresh = drawn(5000, widest, rng)
        with torch.no_grad():
            said = {"network": model(_tensor(fresh)).double().numpy().ravel()}
        if not found.is_empty:
            said["distilled"] = found.layers[""].predict(fresh).ravel()
        said["directly"] = np.asarray(direct.predict(pd.DataFrame(fresh, columns=COLUMNS)))
        size = law(fresh).std()
        errors = {
            name: float(np.sqrt(np.mean((values - law(fresh)) ** 2)) / size) for name, values in said.items()
        }
        print(f"{where}: " + ", ".join(f"{name} {error:.4f}" for name, error in errors.items()))
        figures[where] = errors
    save(figures, output)


def _tensor(values: Array) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)


if __name__ == "__main__":
    typer.run(main)
