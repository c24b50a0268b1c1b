"""One page about an equation: how sure it is, how well it fits, what mattered, what the network looked at."""

from __future__ import annotations

import base64
import importlib.util
import io
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nsr.export.html import equation_html
from nsr.refinement.digits import with_error
from nsr.understanding.discovery import discover
from nsr.understanding.information import information
from nsr.understanding.saliency import saliency
from nsr.understanding.sensitivities import gradients
from nsr.understanding.subject import Subject
from nsr.understanding.variables import importance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nsr.regressor import SymbolicRegressor

_SIZE, _DOTS_PER_INCH, _MOST_SLICES = (6.4, 4.0), 110, 4
_STYLE = """
body { font-family: system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222;
  line-height: 1.45; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
.equation { font-size: 1.4rem; margin: 1.2rem 0; overflow-x: auto; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; } .pictures img { max-width: 30rem; width: 100%; }
table { border-collapse: collapse; font-size: .9rem; margin: .8rem 0; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .2rem .7rem; border-bottom: 1px solid #eee; }
pre { white-space: pre-wrap; font-size: .85rem; } .note { color: #a40; }
"""


def explain(
    estimator: SymbolicRegressor, X: ArrayLike, y: ArrayLike, index: int | None = None, seed: int = 0
) -> str:
    """A self-contained HTML page about a fitted equation and its data; browsers need nothing else to show it.

    Args:
        estimator: Fitted.
        X: Variables, shape (n_rows, n_columns), as for its `predict`; of the fit or others.
        y: Target, shape (n_rows,).
        index: Row of `equations_`; the chosen one by default.
        seed: Of all that is drawn.

    Returns:
        The page. A part that cannot be made, such as saliency of an equation that the network could not
        write, says why.

    Raises:
        ValueError: If there is no such row, constants differ by group, or matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise ValueError("the page has pictures, which need matplotlib: pip install 'nsr[plots]'")
    page = _Page(estimator, X, y, estimator.row(index), Subject.of(estimator, X, y, index), seed)
    parts = "\n".join(page.parts())
    title = escape(f"{estimator.data_.target.name}: what was found")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body>\n{parts}\n</body></html>\n"
    )


class _Page:
    """The parts of a page, one after the other."""

    def __init__(
        self,
        estimator: SymbolicRegressor,
        X: ArrayLike,
        y: ArrayLike,
        row: int,
        subject: Subject,
        seed: int,
    ) -> None:
        self._estimator, self._X, self._y, self._row = estimator, X, y, row
        self._subject, self._seed = subject, seed
        self._columns = pd.DataFrame(subject.X, columns=list(subject.names))

    def parts(self) -> Iterator[str]:
        """HTML of each part."""
        yield self._head()
        for title, part in (
            ("Constants", self._constants),
            ("Fit", self._fit),
            ("What mattered", self._importance),
            ("Slices", self._slices),
            ("What the network looked at", self._saliency),
            ("What the table shows", self._table),
            ("Other equations", self._front),
            ("Report of the fit", self._report),
        ):
            yield f"<h2>{title}</h2>"
            try:
                yield from part()
            except ValueError as error:
                yield f'<p class="note">{escape(str(error))}</p>'

    def _head(self) -> str:
        estimator, subject = self._estimator, self._subject
        target, names = estimator.data_.target.name, estimator._names(self._row)
        squares = float(np.mean((subject.y - subject.predicted) ** 2))
        unexplained = squares / max(float(np.var(subject.y)), 1e-300)
        ((_, shown),) = estimator._parts(self._row, True)
        return (
            f'<h1>{escape(target)}</h1>\n<p class="equation">{equation_html(target, shown, names)}</p>\n'
            f"<p>{len(subject.y)} rows; {unexplained:.3g} of the variance is unexplained, and errors are "
            f"{np.sqrt(squares):.4g} (root mean square).</p>"
        )

    def _constants(self) -> Iterator[str]:
        table = self._estimator.constants_
        own = table[table["equation"] == self._row]
        if own.empty:
            yield "<p>There are no fitted constants.</p>"
            return
        told = list(map(with_error, own["value"].tolist(), own["error"].tolist()))
        ends = [f"{low:.6g} to {high:.6g}" for low, high in zip(own["low"], own["high"], strict=True)]
        yield _table(pd.DataFrame({"name": own["name"], "value and error": told, "95 % interval": ends}))
        yield "<p>Errors and intervals take the form of the equation for granted.</p>"

    def _fit(self) -> Iterator[str]:
        from nsr.plots import plot_fit, plot_residuals

        own = (self._estimator, self._X, self._y, self._row)
        yield _pictures(lambda ax: plot_fit(*own, ax=ax), lambda ax: plot_residuals(*own, ax=ax))

    def _importance(self) -> Iterator[str]:
        from nsr.plots import plot_importance, plot_shapley, plot_terms

        found = importance(self._estimator, self._X, self._y, self._row, seed=self._seed)
        yield _table(found.variables)
        yield _pictures(lambda ax: plot_importance(found, ax), lambda ax: plot_shapley(found, ax))
        yield "<p>What it changes by with each variable, absolutely and in percent with one percent:</p>"
        yield _table(found.formulas)
        if len(found.terms) > 1:
            yield f"<p>Terms of the sum, alone and missed:</p>{_table(found.terms)}"
            yield _pictures(lambda ax: plot_terms(found, ax))

    def _slices(self) -> Iterator[str]:
        from nsr.plots import plot_slice, plot_surface

        own, X = self._estimator, self._X
        effects = np.std(self._subject.X, axis=0) * np.abs(gradients(self._subject)).mean(axis=0)
        used = [int(place) for place in np.argsort(-effects, kind="stable") if effects[place] > 0]
        if not used:
            yield "<p>The equation has no variable.</p>"
            return
        drawn: list[Callable[[Axes], Axes]] = [
            partial(plot_slice, own, X, place, self._row) for place in used[:_MOST_SLICES]
        ]
        if len(used) > 1:
            drawn.append(lambda ax: plot_surface(own, X, (used[0], used[1]), self._row, ax))
        yield _pictures(*drawn)

    def _saliency(self) -> Iterator[str]:
        from nsr.plots import plot_saliency, plot_tokens

        subject = self._subject
        found = saliency(self._columns, subject.y, subject.expression, self._estimator.checkpoint, self._seed)
        yield (
            f"<p>The network's log likelihood of this equation, shown {len(found.shown)} rows, is "
            f"{found.log_probabilities.sum():.2f}. What it would lose without parts of the table:</p>"
        )
        yield _pictures(
            lambda ax: plot_saliency(found, ax),
            lambda ax: plot_tokens(found, ax=ax),
            lambda ax: plot_tokens(found, "row", ax),
        )

    def _table(self) -> Iterator[str]:
        from nsr.plots import plot_information

        subject = self._subject
        told = discover(self._columns, subject.y, self._estimator.data_.target.name, seed=self._seed)
        yield "<ul>" + "".join(f"<li>{escape(repr(statement))}</li>" for statement in told) + "</ul>"
        before = information(self._columns, subject.y, seed=self._seed)
        after = information(self._columns, subject.y - subject.predicted, pairs=False, seed=self._seed)
        yield "<p>Mutual information with the target, and with what the equation leaves of it:</p>"
        yield _pictures(lambda ax: plot_information(before, ax), lambda ax: plot_information(after, ax))

    def _front(self) -> Iterator[str]:
        from nsr.plots import plot_front

        yield self._estimator._repr_html_() or ""
        yield _pictures(lambda ax: plot_front(self._estimator, ax))

    def _report(self) -> Iterator[str]:
        yield f"<pre>{escape(repr(self._estimator.report()))}</pre>"


def _table(frame: pd.DataFrame) -> str:
    """A data frame as HTML, numbers with four digits."""
    return str(frame.to_html(index=False, border=0, float_format=lambda value: f"{value:.4g}", na_rep=""))


def _pictures(*drawn: Callable[[Axes], Axes]) -> str:
    """Pictures, each in a figure of its own, as parts of the page."""
    return f'<div class="pictures">{"".join(map(_picture, drawn))}</div>'


def _picture(draw: Callable[[Axes], Axes]) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    ax = draw(figure.subplots())
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=_DOTS_PER_INCH)
    alternative = escape(f"{ax.get_ylabel()} over {ax.get_xlabel()}", quote=True)
    return (
        f'<img alt="{alternative}" src="data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}">'
    )
