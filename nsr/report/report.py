"""The report: facts about a fit, and what the checks say of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nsr.report.box import box
from nsr.report.columns import Columns, columns, said
from nsr.report.constants import constants
from nsr.report.errors import given_errors
from nsr.report.finding import LITTLE, Finding, percent
from nsr.report.residuals import CHECKS, patterns, structure

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted

# How a search may have ended, in words.
ENDINGS = {
    "answered": "ended by itself, as its answer leaves nothing to look for",
    "exhausted": "ended by itself, as nothing got better",
    "time": "was cut short by the time limit; more time may find more",
    "interrupted": "was interrupted; more time may find more",
    "stopped": "was stopped, as what it had found was enough",
}
_DONE = "went on until it was ended, and what was found leaves nothing but noise"


@dataclass(frozen=True)
class SearchSummary:
    """What the search has done.

    Attributes:
        ended: Why it ended, of `ENDINGS`.
        n_tried: Equations that were tried.
        seconds: How long it took.
        time_limit: How long it might have taken.
        seed: What it was seeded with; None where that is not a number.
    """

    ended: str
    n_tried: int
    seconds: float
    time_limit: float
    seed: int | None


@dataclass(frozen=True)
class Report:
    """What a fit is worth; printed, it is a page of text, with `!` before what gives reason for doubt.

    Attributes:
        equation: The chosen one.
        n_rows: Rows of the table.
        n_rows_used: Rows that the search looked at, which all else here is about.
        n_columns: Columns of the table.
        explained: Share of the loss of the best constant that the equation explains; R2 for squared errors.
        noise: Standard deviation of what is left, per degree of freedom; in units of the target where no row
            counts more than others.
        relative_error: Median of the error's share of the value.
        columns: What the columns are to the equation.
        search: What the search has done.
        findings: What each check says, warnings or not.
        by_group: Constants that differ by group, lines of a table.
    """

    equation: str
    n_rows: int
    n_rows_used: int
    n_columns: int
    explained: float
    noise: float
    relative_error: float
    columns: Columns
    search: SearchSummary
    findings: tuple[Finding, ...]
    by_group: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What gives reason for doubt."""
        return tuple(finding.text for finding in self.findings if finding.is_warning)

    def __getitem__(self, name: str) -> Finding:
        """What the check of a name says.

        Raises:
            KeyError: If no check of that name has said anything.
        """
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON has; None stands for what is not a finite number."""
        plain: dict[str, Any] = _plain(dataclasses.asdict(self))
        return plain | {"warnings": list(self.warnings)}

    def __repr__(self) -> str:
        """The page of text."""
        rows = f"{self.n_rows_used} of {self.n_rows}" if self.n_rows_used < self.n_rows else f"{self.n_rows}"
        width = max(len(finding.name) for finding in self.findings)
        lines = [f"report on {self.equation}"]
        lines += [
            f"  {'!' if finding.is_warning else ' '} {finding.name:<{width}}  {finding.text}"
            for finding in self.findings
        ]
        lines[1:1] = [f"    {'rows':<{width}}  {rows}, with {self.n_columns} columns"]
        return "\n".join([*lines, *(f"    {line}" for line in self.by_group)])


def report_on(
    fitted: Fitted,
    equation: str,
    n_rows: int,
    search: SearchSummary,
    by_group: Sequence[str] = (),
    guesses: Sequence[str] = (),
) -> Report:
    """Makes a report.

    Args:
        fitted: The chosen equation and the rows that the search looked at.
        equation: As text.
        n_rows: Rows that the user gave.
        search: What the search has done.
        by_group: A table of the constants that differ by group.
        guesses: How the user's guesses have fared, a line for each.
    """
    null_loss = fitted.task.null_loss
    explained = 1 - fitted.loss / null_loss if null_loss > 0 else 1.0
    with np.errstate(all="ignore"):
        relative = np.abs((fitted.task.y - fitted.predicted) / fitted.predicted)
    relative_error = float(np.median(relative))
    found = patterns(fitted)
    of_columns = columns(fitted, found.columns)
    findings = [_explained(fitted, explained, relative_error)]
    if not fitted.is_exact:
        findings += [structure(fitted, found), *(check(fitted) for check in CHECKS)]
    if fitted.task.noise is not None and fitted.task.loss.is_quadratic:
        findings.append(given_errors(fitted))
    findings += [*said(of_columns), constants(fitted), box(fitted)]
    is_done = fitted.is_exact or not any(finding.is_warning for finding in findings)
    findings += [*(Finding("guess", line) for line in guesses), _search(search, is_done)]
    return Report(
        equation=equation,
        n_rows=n_rows,
        n_rows_used=fitted.task.n_rows,
        n_columns=len(fitted.names),
        explained=explained,
        noise=fitted.noise,
        relative_error=relative_error,
        columns=of_columns,
        search=search,
        findings=tuple(findings),
        by_group=tuple(by_group),
    )


def _explained(fitted: Fitted, explained: float, relative_error: float) -> Finding:
    figures = {"explained": explained, "noise": fitted.noise, "relative_error": relative_error}
    if fitted.is_exact:
        return Finding("explained", "everything, up to rounding", False, figures)
    share = percent(explained) if explained > 0 else "no more than a constant would"
    text = f"{share}; what is left has a standard deviation of {fitted.noise:.3g}"
    if math.isfinite(relative_error):
        text += f", half of the rows are off by less than {percent(relative_error)} of the value"
    return Finding("explained", text, explained < LITTLE, figures)


def _search(search: SearchSummary, is_done: bool) -> Finding:
    """How the search has ended; that time was up is no reason for doubt where nothing else is."""
    seed = "" if search.seed is None else f", seed {search.seed}"
    figures = {"n_tried": search.n_tried, "seconds": search.seconds}
    if not search.n_tried:
        return Finding(
            "search", "there was nothing to explain, or nothing to explain it with", False, figures
        )
    is_cut_short = search.ended in {"time", "interrupted"}
    ending = _DONE if is_cut_short and is_done else ENDINGS[search.ended]
    text = f"{ending}; {search.n_tried} equations in {search.seconds:.1f} s{seed}"
    return Finding("search", text, is_cut_short and not is_done, figures)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
