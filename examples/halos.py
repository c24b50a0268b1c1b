"""What density profiles of halos come down to, and at which radii.

After Lucie-Smith et al. (arXiv:2203.08827). `python -m examples.halos` draws profiles of our own making, with
a cusp inside and a truncation outside that differ in scale and steepness, trains a network to tell the
density at any radius, and prints the mutual information of each latent with the density by radius.
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

RADII = np.geomspace(0.05, 3, 24)


def log_density(quantities: pd.DataFrame, radii: Array) -> Array:
    """Logarithm of density, shape (n, n_radii): Navarro, Frenk and White's within, cut off outside."""
    columns = (quantities[[name]].to_numpy() for name in ("mass", "concentration", "steepness"))
    mass, concentration, steepness = columns
    x = concentration * radii
    inner = 3 * np.log(concentration) - np.log(x) - 2 * np.log1p(x)
    norm = np.log1p(concentration) - concentration / (1 + concentration)
    return np.asarray(np.log(mass / norm) + inner - steepness * np.log1p((radii / 1.5) ** 4))


def drawn(n: int, noise: float, seed: int) -> tuple[pd.DataFrame, Array, Array, Array]:
    """Quantities, observed profiles with noise, logarithms of radii to ask for, and logarithms of density."""
    rng = np.random.default_rng(seed)
    quantities = pd.DataFrame({
        "mass": np.exp(rng.normal(0, 0.4, n)),
        "concentration": np.exp(rng.normal(np.log(6), 0.4, n)),
        "steepness": rng.uniform(0.2, 1.5, n),
    })  # fmt: skip
    observed = log_density(quantities, RADII) + noise * rng.normal(size=(n, len(RADII)))
    questions = rng.uniform(np.log(RADII[0]), np.log(RADII[-1]), (n, 12))
    return quantities, observed, questions, log_density(quantities, np.exp(questions))


def by_radius(found: nsr.concepts.Concepts, quantities: pd.DataFrame, observed: Array) -> pd.DataFrame:
    """Mutual information of latents with the density, a column for each radius."""
    names = [f"{radius:.2f}" for radius in RADII]
    return found.information(observed, pd.DataFrame(log_density(quantities, RADII), columns=names))


def main(
    n: Annotated[int, typer.Option(help="halos to observe")] = 3000,
    latents: Annotated[int, typer.Option(help="that the network is offered")] = 4,
    steps: Annotated[int, typer.Option(help="of training")] = 2500,
    thrift: Annotated[float, typer.Option(help="price of a nat in the bottleneck")] = 0.001,
    seed: Annotated[int, typer.Option(help="of halos and network")] = 0,
    output: Output = None,
) -> None:
    """Print how many latents are used, what of, and where."""
    quantities, observed, questions, answers = drawn(n, 0.02, seed)
    training = nsr.concepts.Training(n_steps=steps, thrift=thrift, seed=seed)
    found = nsr.concepts.fit(observed, questions, answers, latents, training)
    print(f"explained of unseen densities: {found.skill:.4f}")
    print(f"{len(found.active)} of {latents} latents carry information")
    told, recovered = found.information(observed, quantities), found.recovered(observed, quantities)
    print(told.to_string(float_format="%.2f"))
    print("recovered from latents:", recovered.round(4).to_dict())
    at_radii = by_radius(found, quantities, observed)
    print(at_radii.iloc[:, ::4].to_string(float_format="%.2f"))
    figures = {"seed": seed, "latents": latents, "active": found.active, "skill": found.skill}
    figures |= {"information": told.to_dict("records"), "recovered": recovered.to_dict()}
    save(figures | {"by_radius": at_radii.to_dict("records")}, output)


if __name__ == "__main__":
    typer.run(main)
