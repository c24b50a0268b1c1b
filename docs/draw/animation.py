"""The animation of the README, a table that becomes an equation: `python -m docs.draw.animation`.

Everything in it is of a real run: the rows of examples/planets.csv, what a callback is told while
`SymbolicRegressor` fits them (seed 0), and the front. It is an SVG of keyframes, without scripts, which
code-hosting platforms show as a picture.
"""

from __future__ import annotations

import time
from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from docs.draw.style import ACCENT, GREY, PICTURES, ROOT
from nsr import SymbolicRegressor
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.progress import Progress
from nsr.showing import shown_equations

LOOP = 11.0  # seconds
_PLOT = (420, 60, 360, 210)  # left, top, width, height
_FEATURE, _TARGET = "semi_major_axis", "period"


class Step(NamedTuple):
    """What was the best so far.

    Attributes:
        seconds: Of the processor since the fit began.
        equation: As text.
        unexplained: Share of the variance that it leaves.
    """

    seconds: float
    equation: str
    unexplained: float


def steps(planets: pd.DataFrame) -> list[Step]:
    """Fits the table, and tells a constant, the first equation that was best, and the chosen one."""
    seen: list[Step] = []
    begun = time.process_time()

    def watch(progress: Progress) -> None:
        if progress.equation and (not seen or seen[-1].equation != progress.equation):
            seen.append(Step(time.process_time() - begun, progress.equation, progress.unexplained))

    model = SymbolicRegressor(random_state=0, callback=watch).fit(planets[[_FEATURE]], planets[_TARGET])
    ended = time.process_time() - begun
    texts, unexplained = shown_equations(model), 1 - model.equations_["r2"]
    chosen = model.best_index_
    return [
        Step(0.0, texts[0], float(unexplained[0])),
        *seen[:1],
        Step(ended, texts[chosen], float(unexplained[chosen])),
    ]


class Axes:
    """Places in the picture of values on logarithmic axes."""

    def __init__(self, x: pd.Series, y: pd.Series) -> None:
        self._low = np.log10([x.min() / 1.6, y.min() / 2.5])
        self._high = np.log10([x.max() * 1.6, y.max() * 2.5])

    def places(self, x: object, y: object) -> np.ndarray:
        """Pixels of points, shape (P, 2)."""
        left, top, width, height = _PLOT
        share = (np.log10(np.column_stack([x, y])) - self._low) / (self._high - self._low)
        return np.column_stack([left + width * share[:, 0], top + height * (1 - share[:, 1])])


def shown_between(start: float, end: float) -> str:
    """An animation that shows an element from one second of the loop to another, and fades it at both."""
    fade = 0.25
    moments = (
        [0, start, start + fade, end - fade, end, LOOP] if end < LOOP else [0, start, start + fade, LOOP]
    )
    values = "0;0;1;1;0;0" if end < LOOP else "0;0;1;1"
    keys = ";".join(f"{moment / LOOP:.3f}" for moment in moments)
    return (
        f'<animate attributeName="opacity" dur="{LOOP:g}s" repeatCount="indefinite" '
        f'values="{values}" keyTimes="{keys}"/>'
    )


def text(x: float, y: float, content: str, style: str = "", animation: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(content)}{animation}</text>'


def picture(planets: pd.DataFrame, found: list[Step]) -> str:
    """The whole SVG."""
    axes = Axes(planets[_FEATURE], planets[_TARGET])
    left, top, width, height = _PLOT
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 370" '
        'font-family="monospace" font-size="13">',
        '<rect width="820" height="370" rx="8" fill="#ffffff" stroke="#cccccc"/>',
        text(24, 34, "$ nsr fit planets.csv --target period", f'fill="{ACCENT}" font-weight="bold"'),
        text(24, 66, "planet", f'fill="{GREY}"'),
        text(130, 66, _FEATURE, f'fill="{GREY}"'),
        text(290, 66, _TARGET, f'fill="{GREY}"'),
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#dddddd"/>',
        text(
            left + width - 235,
            top + height + 18,
            f"{_FEATURE} (AU, logarithmic)",
            f'fill="{GREY}" font-size="11"',
        ),
        text(left + 4, top - 6, f"{_TARGET} (years, logarithmic)", f'fill="{GREY}" font-size="11"'),
    ]
    points = axes.places(planets[_FEATURE], planets[_TARGET])
    for row, (planet, (x, y)) in enumerate(zip(planets.itertuples(), points, strict=True)):
        shown = shown_between(0.2 + 0.15 * row, LOOP)
        cells = ((24, planet.planet), (130, f"{planet.semi_major_axis:g}"), (290, f"{planet.period:g}"))
        parts += [text(place, 86 + 18 * row, str(cell), animation=shown) for place, cell in cells]
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#333333">{shown}</circle>')
    low, high = planets[_FEATURE].min() / 1.4, planets[_FEATURE].max() * 1.4
    grid = np.geomspace(low, high, 40)
    begin = 0.2 + 0.15 * len(planets) + 0.6
    starts = [begin + 2.3 * number for number in range(len(found))] + [LOOP]
    for number, step in enumerate(found):
        shown = shown_between(starts[number], starts[number + 1])
        curve = Program([parse(step.equation, (_FEATURE,))]).values(grid[:, None])[0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in axes.places(grid, np.broadcast_to(curve, grid.shape)))
        color = ACCENT if number + 1 == len(found) else "#b5651d"
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2">{shown}</polyline>'
        )
        line = f"{_TARGET} = {step.equation}"
        parts.append(text(24, 324, line, f'font-size="18" font-weight="bold" fill="{color}"', shown))
        told = f"{step.seconds:.1f} s of a core: leaves {100 * step.unexplained:.2g} % of the variance"
        parts.append(text(24, 350, told, f'fill="{GREY}"', shown))
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Fits, and writes docs/pictures/planets.svg."""
    planets = pd.read_csv(ROOT / "examples" / "planets.csv", comment="#")
    (PICTURES / "planets.svg").write_text(picture(planets, steps(planets)), encoding="utf-8")


if __name__ == "__main__":
    main()
