"""Ablations that decide defaults: `python -m training.ablations [ARM ...] --samples 400000`.

Each arm (`training.arms`) trains a small network from scratch on the same number of problems and is asked for
the equations of the same generated and classical development problems. ABLATIONS.md has the figures.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import lightning.pytorch as pl
import torch
import typer

from generators.functions import FunctionConfig
from generators.systems import SystemConfig, SystemGenerator
from nsr.network.config import ModelConfig
from nsr.network.tokenizer import Tokenizer
from training.arms import ARMS, Arm, BatchMap, prior
from training.data import ProblemData
from training.defaults import TRAINER_DEFAULTS
from training.development import DevelopmentConfig, classical_batches, development_batches, evaluate_classical
from training.module import Pretraining
from training.stream import Batch, cut
from training.systems import as_problems

SHAPE = {"d_model": 96, "n_heads": 3, "n_decoder_layers": 2, "d_ffn": 224, "n_latents": 16}
DEVELOPMENT = DevelopmentConfig(n_problems=512, n_candidates=64, restarts=4)
SUITES = ("generated", "rescaled", "classical", "systems", "noisy systems")
_NOISY_SEED = 123454321


def problems(arm: Arm) -> dict[str, list[Batch]]:
    """The development problems by suite: the default prior's, whatever an arm is trained on."""
    shape = _shape(arm)
    tokenizer = Tokenizer(shape.max_variables)
    if arm.systems:
        return {
            "systems": development_batches(DEVELOPMENT, SystemConfig(), tokenizer, shape.max_length),
            "noisy systems": _noisy_systems(tokenizer, shape.max_length),
        }
    suites = {
        "generated": development_batches(DEVELOPMENT, FunctionConfig(), tokenizer, shape.max_length),
        "classical": classical_batches(DEVELOPMENT, tokenizer),
    }
    if arm.asks_rescaled:
        rescaled = prior(rescaled_share=1.0)
        suites["rescaled"] = development_batches(DEVELOPMENT, rescaled, tokenizer, shape.max_length)
    return suites


def _noisy_systems(tokenizer: Tokenizer, longest: int) -> list[Batch]:
    """Systems with half the largest noise on average."""
    n_points = DEVELOPMENT.n_points + DEVELOPMENT.n_fresh
    noisy = SystemConfig(min_points=n_points, max_points=n_points, noise_share=1.0)
    observations = SystemGenerator(noisy, _NOISY_SEED).batch(DEVELOPMENT.n_problems)
    observed = as_problems(observations, n_points, _NOISY_SEED)
    return cut(observed, tokenizer, DEVELOPMENT.batch_size, longest)


def _shape(arm: Arm) -> ModelConfig:
    if arm.systems is None:
        return ModelConfig(Tokenizer().vocab_size, **SHAPE | arm.network)
    n_states = len(arm.systems.state_weights)
    return ModelConfig(
        Tokenizer(n_states).vocab_size, n_states, **SHAPE, max_length=192, n_targets=1 + n_states
    )


def run(arm: Arm, samples: int) -> dict[str, float]:
    """Trains an arm's network from scratch and measures what it recovers.

    Returns:
        The share of problems recovered in each suite, and the `minutes` that a processor trained for.
    """
    pl.seed_everything(arm.seed, verbose=False)
    with ExitStack() as stack:
        stack.enter_context(patch("training.systems.local_slopes", arm.rows))
        suites = problems(arm)
        for each in arm.patches:
            stack.enter_context(each())
        start = time.process_time()
        module = _trained(arm, samples)
        minutes = (time.process_time() - start) / 60
        shares = {name: _recovered(module, batches, arm.view) for name, batches in suites.items()}
    return {**shares, "minutes": minutes}


def _trained(arm: Arm, samples: int) -> Pretraining:
    module = Pretraining(_shape(arm), arm.optimizer, arm.schedule)
    trainer = pl.Trainer(
        **TRAINER_DEFAULTS,
        accelerator="cpu",
        max_steps=samples // arm.stream.batch_size,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
    )
    trainer.fit(module, ProblemData(arm.functions, replace(arm.stream, seed=arm.seed), arm.systems))
    return module


@torch.no_grad()
def _recovered(module: Pretraining, batches: list[Batch], view: BatchMap) -> float:
    model = module.model.eval()
    figures = [
        evaluate_classical(model, module.tokenizer, view(batch, DEVELOPMENT.n_points), DEVELOPMENT)[
            "recovered_classical"
        ]
        for batch in batches
    ]
    return sum(f.mean * f.weight for f in figures) / sum(f.weight for f in figures)


def main(
    arms: Annotated[list[str] | None, typer.Argument(help=f"of {', '.join(ARMS)}; by default all")] = None,
    samples: Annotated[int, typer.Option(help="problems each arm is trained on")] = 400_000,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: PyTorch's choice")] = 0,
    output: Annotated[Path, typer.Option(help="JSON lines; arms in it are not run again")] = Path(
        "runs/ablations.jsonl"
    ),
) -> None:
    """Trains and measures arms, and prints the table."""
    names = arms or list(ARMS)
    if unknown := set(names) - set(ARMS):
        raise typer.BadParameter(f"no arm {', '.join(sorted(unknown))}; choose from {', '.join(ARMS)}")
    if threads:
        torch.set_num_threads(threads)
    output.parent.mkdir(parents=True, exist_ok=True)
    lines = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    done = {(row := json.loads(line))["arm"]: row for line in lines}
    for name in names:
        if name not in done:
            done[name] = {"arm": name, "samples": samples, **run(ARMS[name], samples)}
            with output.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[name]) + "\n")
    print(table([done[name] for name in names]))


def table(rows: list[dict[str, Any]]) -> str:
    """The arms' figures as Markdown."""
    suites = [suite for suite in SUITES if any(suite in row for row in rows)]
    lines = [f"| arm | what it decides | {' | '.join(suites)} | minutes |", "|" + "---|" * (len(suites) + 3)]
    for row in rows:
        shares = " | ".join(f"{row[suite]:.1%}" if suite in row else "" for suite in suites)
        lines.append(f"| {row['arm']} | {ARMS[row['arm']].question} | {shares} | {row['minutes']:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
