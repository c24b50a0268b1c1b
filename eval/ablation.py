"""What each stage of the search adds: `python -m eval.ablation run` and `python -m eval.ablation report`.

Every variant is a run of `eval.feynman` in a folder of its own: all stages, and all but one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from eval import feynman
from eval.records import read_results, read_settings
from eval.report import finders, markdown_table, summarise
from nsr.search.settings import COMPONENTS

VARIANTS = {"all": COMPONENTS} | {
    f"without {name}": tuple(stage for stage in COMPONENTS if stage != name) for name in COMPONENTS
}

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True)


@app.command()
def run(
    output: Annotated[Path, typer.Option(help="folder with a folder for each variant")],
    suite: Annotated[str, typer.Option(help="a suite, or a folder of CSV files")] = "generated",
    noise: Annotated[str, typer.Option(help="levels, separated by commas")] = "0",
    time_limit: Annotated[float, typer.Option(help="seconds a fit")] = 10.0,
    cores: Annotated[int, typer.Option(min=1, help="cores a fit")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="fits at a time")] = 2,
) -> None:
    """Fits a suite with every variant; goes on where it was interrupted."""
    for name, stages in VARIANTS.items():
        feynman.run(
            output / name.replace(" ", "_"),
            methods="nsr",
            suite=suite,
            noise=noise,
            seeds=1,
            time_limit=time_limit,
            cores=cores,
            jobs=jobs,
            stages=",".join(stages),
        )


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="folder of the variants")]) -> None:
    """Prints the table of all variants, and what the stages found, and writes both to ablation.md."""
    folders = {name: folder / name.replace(" ", "_") for name in VARIANTS}
    results = {name: read_results(path) for name, path in folders.items() if path.exists()}
    settings = read_settings(folders["all"])
    told = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "stages")
    text = "\n\n".join(
        (f"# Ablation ({told})", markdown_table(variants(results)), markdown_table(finders(results["all"])))
    )
    typer.echo(text)
    (folder / "ablation.md").write_text(text + "\n", encoding="utf-8")


def variants(results: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each variant and level of noise.

    Args:
        results: The results of each variant by its name.
    """
    tables = [summarise(frame).assign(method=name) for name, frame in results.items()]
    return pd.concat(tables, ignore_index=True).rename(columns={"method": "stages"})


if __name__ == "__main__":
    feynman.main(app)
