"""Whether searches do what users say: `python -m eval.constraints` fits random combinations of wishes.

A trial is a generated problem and some of all that an estimator can be told (`eval.wishes`). It is *kept*
where each row of the front is as it was asked for (`eval.violations`), *refused* where a line said why it
cannot be, *broken* where a row breaks a rule, and *crashed* where anything else was raised.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from eval.violations import violations
from eval.wishes import drawn
from nsr.regressor import SymbolicRegressor


@dataclass(frozen=True)
class Outcome:
    """What has come of a trial.

    Attributes:
        number: Of the trial.
        outcome: `kept`, `refused`, `broken` or `crashed`.
        told: Why it was refused, what is broken, or where it crashed, a line each.
        wishes: What was asked for.
        equation: The chosen equation, where there is one.
        seconds: On the processor.
    """

    number: int
    outcome: str
    told: list[str]
    wishes: Mapping[str, Any]
    equation: str
    seconds: float


def tried(seed: int, number: int, time_limit: float, **parameters: Any) -> Outcome:
    """Fits a trial and looks at what has come of it.

    Args:
        seed: Of all trials.
        number: Which of them.
        time_limit: Seconds of the search.
        **parameters: Further ones of the estimator.
    """
    trial, begun = drawn(seed, number), time.process_time()
    equation, told = "", []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model = SymbolicRegressor(time_limit=time_limit, **parameters).set_params(**trial.parameters)
            model.fit(trial.X, trial.y, **trial.told)
            equation = str(model.best_["equation"])
            told = violations(model, trial.X, trial.parameters, trial.told)
        outcome = "broken" if told else "kept"
    except Exception as error:
        outcome = "refused" if _is_refusal(error) else "crashed"
        told = [str(error)] if outcome == "refused" else traceback.format_exc().splitlines()[-8:]
    wishes = {**trial.parameters, **{name: _short(value) for name, value in trial.told.items()}}
    return Outcome(number, outcome, told, wishes, equation, time.process_time() - begun)


def _is_refusal(error: Exception) -> bool:
    """Whether NSR has raised an error on purpose, in a line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    is_own = "/nsr/" in last.filename and (last.line or "").startswith("raise ")
    return isinstance(error, ValueError) and is_own and "\n" not in str(error)


def _short(value: Any) -> Any:
    return f"array of {len(value)}" if isinstance(value, np.ndarray) else value


def main(
    seed: Annotated[int, typer.Option(help="of all trials")] = 0,
    count: Annotated[int, typer.Option(help="trials")] = 500,
    first: Annotated[int, typer.Option(help="number of the first one")] = 0,
    seconds: Annotated[float, typer.Option(help="of each search")] = 1.5,
    out: Annotated[Path | None, typer.Option(help="file for a line of JSON each")] = None,
) -> None:
    """Fits all, says what is broken or has crashed, and counts; exit code 1 if anything has."""
    console, counts = Console(soft_wrap=True), Counter[str]()
    file = None if out is None else out.open("w", encoding="utf-8")
    for number in range(first, first + count):
        outcome = tried(seed, number, seconds)
        counts[outcome.outcome] += 1
        if file is not None:
            file.write(json.dumps(asdict(outcome), default=str) + "\n")
            file.flush()
        if outcome.outcome in ("broken", "crashed"):
            text = f"{number} {outcome.outcome}: {outcome.wishes}"
            console.print("\n  ".join([text, *outcome.told]), markup=False, highlight=False)
    console.print(", ".join(f"{n} {what}" for what, n in counts.most_common()))
    sys.exit(counts["broken"] + counts["crashed"] > 0)


if __name__ == "__main__":
    typer.run(main)
