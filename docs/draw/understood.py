"""Pictures of the examples of understanding, one for each page about them.

`python -m docs.draw.understood` draws docs/pictures/{distillation,concepts,emulators,importance}.svg from the
figures that the examples have written to eval/results/understanding.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from docs.draw.style import ACCENT, GREY, ROOT, save
from nsr.plots import plot_information, plot_latents

RESULTS = ROOT / "eval" / "results" / "understanding"
_OTHER = "#b5651d"


def measured(name: str) -> dict[str, Any]:
    """What an example has written."""
    figures: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return figures


def main() -> None:
    """Draws the pictures."""
    from matplotlib.figure import Figure

    for name, n_panels, draw in (
        ("distillation", 2, _distillation), ("concepts", 2, _concepts),
        ("emulators", 2, _emulators), ("importance", 3, _importance),
    ):  # fmt: skip
        figure = Figure(figsize=(4 * n_panels, 3.2), layout="constrained")
        draw(*figure.subplots(1, n_panels))
        save(figure, Path(f"{name}.svg"))


def _distillation(left: Any, right: Any) -> None:
    """Errors within and beyond the range of data; hidden charges over the true ones."""
    figures = measured("extrapolation")
    ranges = ["within the range", "up to twice the range"]
    for place, (who, colour) in enumerate({"network": GREY, "distilled": ACCENT, "directly": _OTHER}.items()):
        at = np.arange(2) + 0.27 * (place - 1)
        left.bar(at, [figures[name][who] for name in ranges], 0.25, color=colour, label=who)
    left.set_xticks(range(2), ranges)
    left.set(ylabel="error, in deviations of the law")
    left.legend(frameon=False)
    for path in sorted(RESULTS.glob("forces_hidden-charge_*.json")):
        law = measured(path.stem)
        true, found = np.array(law["charges"]), np.array(law["hidden"])
        scale = np.sqrt(np.mean(true**2)) * np.sign(law["correlation"])
        right.plot(true, scale * found, "o", markersize=5, label=f"seed {law['seed']}")
    right.plot([-1.5, 1.5], [-1.5, 1.5], color=GREY, linewidth=1)
    right.set(xlabel="hidden charge", ylabel="learned, of the same size")
    right.legend(frameon=False)


def _concepts(left: Any, right: Any) -> None:
    """Mutual information of latents: with quantities of an oscillator, and with densities by radius."""
    from examples.halos import RADII

    figures = measured("oscillator")
    table = pd.DataFrame(figures["information"], index=[f"latent {place}" for place in figures["active"]])
    table.T.plot.bar(ax=left, rot=0, color=[ACCENT, _OTHER, GREY])
    left.set(ylabel="mutual information (nats)")
    left.legend(frameon=False)
    halos = measured("halos")
    plot_latents(pd.DataFrame(halos["by_radius"], index=halos["active"]), RADII, "radius", right)
    right.set(xscale="log", ylabel="with the density there (nats)")


def _emulators(left: Any, right: Any) -> None:
    """Largest and typical errors of emulators beside those of a Gaussian process."""
    cases = {
        name: measured(f"emulators_{name}")["cases"][name] for name in ("pendulum", "transfer", "wiggles")
    }
    for ax, which in ((left, "largest"), (right, "rms")):
        for shift, key, colour, label in (
            (-0.2, "errors", ACCENT, "emulator"),
            (0.2, "gaussian_process_alone", GREY, "Gaussian process alone"),
        ):
            at = np.arange(len(cases)) + shift
            ax.bar(at, [100 * one[key][which] for one in cases.values()], 0.38, color=colour, label=label)
        ax.set_xticks(range(len(cases)), [f"{name}\n{one['calls']} calls" for name, one in cases.items()])
        ax.set(yscale="log", ylabel=f"{which} error of 1,000 fresh points (%)")
    left.legend(frameon=False)


def _importance(left: Any, middle: Any, right: Any) -> None:
    """What columns of Friedman's function tell before a fit, what they are worth, and what saliency is."""
    figures = measured("friedman")
    information = pd.DataFrame(figures["information"])
    plot_information(information.head(12), left)
    table = pd.DataFrame(figures["importance"]).head(6).iloc[::-1]
    at = np.arange(len(table))
    middle.barh(at + 0.2, table["sobol_total"], 0.38, color=GREY, label="Sobol, in all")
    middle.barh(at - 0.2, table["sobol_first"], 0.38, color=ACCENT, label="Sobol, alone")
    middle.set_yticks(at, table["variable"])
    middle.set(xlabel="share of the equation's variance")
    middle.legend(frameon=False)
    agreements = list(measured("saliency")["agreements"].values())
    right.bar(np.arange(len(agreements)) + 1, sorted(agreements), color=ACCENT)
    right.axhline(0.7, color=GREY, linewidth=1)
    right.set(xlabel="generated problem", ylabel="saliency: correlation with leave-one-out", ylim=(0, 1))


if __name__ == "__main__":
    main()
