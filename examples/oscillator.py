"""What a damped oscillation comes down to, after Iten et al. (arXiv:1807.10300).

`python -m examples.oscillator` shows a network the first second of damped oscillations and asks where they
are at other times. Of the latents offered those that it uses are compared with frequency and damping.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

import nsr
from examples.measured import Output, save

Array = NDArray[np.float64]


def place(quantities: pd.DataFrame, times: Array) -> Array:
    """Where oscillators that start at one are at times, shape (n, n_times)."""
    frequency, damping = (quantities[[name]].to_numpy() for name in ("frequency", "damping"))
    return np.asarray(np.exp(-damping * times) * np.cos(frequency * times))


def drawn(n: int, seed: int) -> tuple[pd.DataFrame, Array, Array, Array]:
    """Quantities, observations at 40 times, 10 later or earlier times for each, and the places there."""
    rng = np.random.default_rng(seed)
    quantities = pd.DataFrame({"frequency": rng.uniform(3, 8, n), "damping": rng.uniform(0.2, 1.5, n)})
    questions = rng.uniform(0, 2, (n, 10))
    return quantities, place(quantities, np.linspace(0, 1, 40)), questions, place(quantities, questions)


def main(
    n: Annotated[int, typer.Option(help="oscillators to observe")] = 3000,
    latents: Annotated[int, typer.Option(help="that the network is offered")] = 3,
    steps: Annotated[int, typer.Option(help="of training")] = 2500,
    time_limit: Annotated[float, typer.Option(help="seconds to search, for each equation")] = 15.0,
    seed: Annotated[int, typer.Option(help="of oscillators, network and search")] = 0,
    output: Output = None,
) -> None:
    """Print which latents are used, what of, and equations in both directions."""
    quantities, observations, questions, answers = drawn(n, seed)
    training = nsr.concepts.Training(n_steps=steps, seed=seed)
    found = nsr.concepts.fit(observations, questions, answers, latents, training)
    print(f"explained of unseen answers: {found.skill:.4f}")
    print(f"{len(found.active)} of {latents} latents carry information")
    told, recovered = found.information(observations, quantities), found.recovered(observations, quantities)
    print(told.to_string(float_format="%.2f"))
    print("recovered from latents:", recovered.round(4).to_dict())
    estimator = nsr.SymbolicRegressor(time_limit=time_limit, random_state=seed)
    equations: dict[str, str] = {}
    for latent, one in found.equations(observations, quantities, estimator).items():
        equations[f"latent_{latent}"] = str(one)
    for quantity, one in found.inverses(observations, quantities, estimator).items():
        equations[quantity] = str(one)
    for name, equation in equations.items():
        print(f"{name} = {equation}")
    figures = {"seed": seed, "latents": latents, "active": found.active, "skill": found.skill}
    figures |= {"information": told.to_dict("records"), "recovered": recovered.to_dict()}
    save(figures | {"equations": equations}, output)


if __name__ == "__main__":
    typer.run(main)
