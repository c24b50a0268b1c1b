"""Pictures of what was found: fits, what mattered in them, what the network looked at, emulators.

Each function draws into the axes it is given, or into those of a new pyplot figure, and returns them, so that
pictures can be combined and changed. They need matplotlib: `pip install "nsr[plots]"`.
"""

from nsr.plots.emulators import plot_calls, plot_errors
from nsr.plots.fits import draw, plot_fit, plot_front, plot_residuals, plot_slice, plot_surface
from nsr.plots.importance import (
    plot_discovery,
    plot_importance,
    plot_information,
    plot_saliency,
    plot_shapley,
    plot_terms,
    plot_tokens,
)
from nsr.plots.understood import plot_latents, plot_messages, plot_pull

__all__ = [
    "draw",
    "plot_calls",
    "plot_discovery",
    "plot_errors",
    "plot_fit",
    "plot_front",
    "plot_importance",
    "plot_information",
    "plot_latents",
    "plot_messages",
    "plot_pull",
    "plot_residuals",
    "plot_saliency",
    "plot_shapley",
    "plot_slice",
    "plot_surface",
    "plot_terms",
    "plot_tokens",
]
