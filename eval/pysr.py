"""PySR where Julia can be had, as our own figures were measured: `python -m eval.pysr --output FOLDER`.

One command fits SRBench's Feynman sets with PySR, as `eval.feynman` does with any method, and prints its rows
beside those of `eval/results/feynman`, whose seconds, cores and training rows it takes over. It goes on where
it was interrupted. `pip install pysr` comes first; PySR fetches Julia itself when it is first imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval import feynman
from eval.records import read_settings

OURS = Path(__file__).parent / "results" / "feynman"

app = typer.Typer(help=__doc__, add_completion=False)


@app.command()
def run(
    output: Annotated[Path, typer.Option(help="folder of the results; an interrupted run goes on there")],
    problems: Annotated[str, typer.Option(help="`all`, or names separated by commas")] = "all",
    noise: Annotated[str, typer.Option(help="levels, separated by commas")] = "0,0.01",
    jobs: Annotated[int, typer.Option(min=1, help="fits at a time")] = 1,
) -> None:
    """Fits with PySR and reports its rows beside ours."""
    ours = read_settings(OURS)
    feynman.run(
        output,
        methods="pysr",
        problems=problems,
        suite=ours["suite"],
        noise=noise,
        time_limit=ours["time_limit"],
        cores=ours["cores"],
        rows=ours["rows"],
        jobs=jobs,
    )
    feynman.report(output, beside=[OURS])


if __name__ == "__main__":
    feynman.main(app)
