"""Pictures of what networks have learned: messages between particles, and latents along known quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nsr.plots.axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nsr.understanding.distillation.message_passing import Law


def plot_messages(law: Law, ax: Axes | None = None) -> Axes:
    """The share of the messages' variance in each direction; those that carry information in colour.

    Args:
        law: What was learned.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    places = np.arange(len(law.shares))
    colours = ["C0" if place < law.n_directions else "0.7" for place in places]
    ax.bar(places, law.shares, color=colours)
    ax.set(xlabel="direction of messages", ylabel="share of variance")
    return ax


def plot_pull(law: Law, axis: int = 0, ax: Axes | None = None) -> Axes:
    """What the network says of pairs over what the equation says.

    Args:
        law: What was learned; it is not empty.
        axis: Along which pulls are drawn.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    pull = law.pulls[axis]
    said = law.pairs.iloc[:, len(pull.names) + axis]
    predicted = pull.predict(law.pairs)
    ax.plot(predicted, said, "o", markersize=3)
    ends = [float(np.nanmin(predicted)), float(np.nanmax(predicted))]
    ax.plot(ends, ends, color="0.5", linewidth=1)
    ax.set(xlabel=pull.equation, ylabel=f"network's {said.name}")
    return ax


def plot_latents(information: pd.DataFrame, along: ArrayLike, label: str, ax: Axes | None = None) -> Axes:
    """Mutual information of each latent with a quantity that is known along an axis, such as a radius.

    Args:
        information: As `Concepts.information` gives it, a column for each place on the axis.
        along: These places, shape (n_columns,).
        label: Of the axis.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    for latent, values in information.iterrows():
        ax.plot(np.asarray(along), values.to_numpy(), label=f"latent {latent}")
    ax.set(xlabel=label, ylabel="mutual information (nats)")
    ax.legend()
    return ax
