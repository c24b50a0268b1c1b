"""Turns a run into weights that ship: `python -m training.export runs/tiny checkpoints/nsr-small`.

The folder holds the weights in bfloat16, the vocabulary, the network's shape, and MODEL_CARD.md with
the run's story, all read from the run's checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import torch
import typer

from nsr.network.checkpoint import save_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import TOKEN_KINDS, Tokenizer
from training.curve import draw_curves
from training.module import RUN_KEY
from training.parts import STORY, read_parts
from training.run import read_checkpoint

CURVE_FILE = "learning_curve.png"
MAX_CURVE_ROWS = 12
_PREFIX = "model."
_TASKS = {
    "functions": "a table of numbers and writes equations, trained on nothing but random functions",
    "systems": "local slopes of trajectories and writes equations of motion, trained on nothing but random "
    "systems",
}
_RECOVERED = {
    "functions": "the best of {} samples, its constants refined, leaves at most 2^-23 of the variance on "
    "fresh points",
    "systems": "the skeleton of every component is among {} samples",
}
_CONFIGURATION = ("network", "optimizer", "schedule", "data", "development")


def load_run(path: Path) -> tuple[Model, dict[str, Any]]:
    """Reads a run's network and its story.

    Args:
        path: A run's folder, a checkpoint file, or a folder of parts that `training.lease` wrote.

    Raises:
        ValueError: If there is no checkpoint, or it is not of a run of this repository.
    """
    if (path / STORY).is_file():
        weights, run = read_parts(path)
    else:
        checkpoint = read_checkpoint(path)
        run, weights = checkpoint[RUN_KEY], checkpoint["state_dict"]
    model = Model(ModelConfig(**run["network"]))
    model.load_state_dict({k.removeprefix(_PREFIX): v for k, v in weights.items() if k.startswith(_PREFIX)})
    return model, run


def export(path: Path, folder: Path) -> None:
    """Writes a run's weights, model card and learning curve into a folder.

    Raises:
        ValueError: If there is nothing to export.
    """
    model, run = load_run(path)
    folder.mkdir(parents=True, exist_ok=True)
    story = {k: v for k, v in run.items() if k not in ("network", "history")}
    tokenizer = Tokenizer(model.config.max_variables)
    save_pretrained(folder, model, tokenizer, dtype=torch.bfloat16, metadata=story)
    has_curve = bool(run["history"]) and find_spec("matplotlib") is not None
    if has_curve:
        draw_curves({folder.name: pd.DataFrame(run["history"])}, folder / CURVE_FILE)
    n_parameters = sum(p.numel() for p in model.parameters())
    card = model_card(folder.name, n_parameters, run, has_curve)
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")


def model_card(name: str, n_parameters: int, run: dict[str, Any], has_curve: bool) -> str:
    """The text of MODEL_CARD.md."""
    history = run["history"]
    parts = [
        f"# {name}",
        f"A transformer of {n_parameters / 1e6:.2f} million parameters that reads {_TASKS[_kind(run)]} "
        f"from `generators/`; every skeleton of the benchmarks was kept out (`generators/holdout.py`).",
        "## Training",
        _bullets(_facts(run)),
    ]
    if history:
        parts += ["## Development figures", _development(run)]
        parts += ["## Learning curve", _curve_table(history)]
    if has_curve:
        parts.append(f"![Learning curve]({CURVE_FILE})")
    shape = {k: run[k] for k in _CONFIGURATION}
    parts += ["## Configuration", f"```json\n{json.dumps(shape, indent=2)}\n```"]
    return "\n\n".join(parts) + "\n"


def _kind(run: dict[str, Any]) -> str:
    """What the network was trained on: `functions` or `systems`."""
    return "systems" if "systems" in run["data"] else "functions"


def _facts(run: dict[str, Any]) -> list[str]:
    facts = [
        f"samples seen: {run['samples_seen']:,} in {run['step']:,} steps",
        f"wall time: {run['seconds'] / 3600:.2f} hours, validation included",
        f"hardware: {run['hardware']}",
        f"precision: {run['precision']}; the weights here are bfloat16",
        f"steps skipped for a non-finite gradient: {run['skipped']}",
    ]
    if run["init_from"]:
        facts.append(f"started from the weights of {run['init_from']}")
    return facts


def _development(run: dict[str, Any]) -> str:
    config, last = run["development"], run["history"][-1]
    intro = (
        f"{config['n_problems']} generated problems outside the training seeds, {config['n_points']} points, "
        f"no noise. Recovered: {_RECOVERED[_kind(run)].format(config['n_candidates'])}."
    )
    figures = [
        f"loss: {last['val_loss']:.3f} nats per token",
        *(
            f"loss of {kind} tokens: {last[f'val_loss_{kind}']:.3f} nats per token"
            for kind in TOKEN_KINDS
            if f"val_loss_{kind}" in last
        ),
        f"token accuracy: {last['val_accuracy']:.1%}",
        f"well-formed among unconstrained samples: {last['val_well_formed']:.1%}",
        f"recovered: {last['val_recovered']:.1%}",
    ]
    if "val_recovered_classical" in last:
        figures.append(f"recovered of the classical suites: {last['val_recovered_classical']:.1%}")
    return f"{intro}\n\n{_bullets(figures)}"


def _curve_table(history: Sequence[dict[str, float]]) -> str:
    step = -(-len(history) // MAX_CURVE_ROWS)
    rows = list(history[::-1][::step])[::-1]
    lines = [
        "| samples | minutes | training loss | development loss | accuracy | recovered |",
        "|" + "---|" * 6,
    ]
    lines += [
        f"| {row['samples']:,.0f} | {row['minutes']:.0f} | {row['train_loss']:.3f} | {row['val_loss']:.3f} "
        f"| {row['val_accuracy']:.1%} | {row['val_recovered']:.1%} |"
        for row in rows
    ]
    return "\n".join(lines)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def main(
    run: Annotated[Path, typer.Argument(help="a run's folder or a .ckpt file")],
    folder: Annotated[Path, typer.Argument(help="where the weights go, for example checkpoints/nsr-small")],
) -> None:
    """Exports RUN to FOLDER."""
    try:
        export(run, folder)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


if __name__ == "__main__":
    typer.run(main)
