"""Pretraining on a machine that is lent for minutes: `python -m training.lease CONFIG --minutes 9 --out OUT`.

The first call measures the stream and the step and lays the run out; each call trains until its time is
nearly up, then writes the averaged weights in parts, the story and the log into OUT. The next call goes on
from the run's folder, if it is still on disk, with optimiser, averages and the place in the stream; otherwise
from weights (`--init-from`), with another seed. Reads the configs of `training.main`, and needs neither
jsonargparse nor wandb.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import lightning.pytorch as pl
import torch
import typer

from generators.systems import SystemConfig
from nsr.refinement.compiling import compile_kernels
from training.config_file import RunConfig, read_config
from training.data import ProblemData
from training.defaults import TRAINER_DEFAULTS
from training.last_checkpoint import LastCheckpoint
from training.module import RUN_KEY, Pretraining
from training.parts import write_parts
from training.quiet import quieten
from training.run import read_checkpoint
from training.run_log import RunLog
from training.throughput import Layout, measured

_LAYOUT = "layout.json"


@dataclass(frozen=True)
class Tried:
    """What a run's layout is chosen from.

    Attributes:
        batch_sizes: Problems in a batch.
        reuses: Problems made from one equation.
        seconds: Time to draw for, with each of them.
    """

    batch_sizes: Sequence[int] = (512, 1024, 2048)
    reuses: Sequence[int] = (1, 2, 4)
    seconds: float = 8.0


class Deadline(pl.Callback):
    """Ends a run in time, with a validation and a checkpoint, as if its budget were spent.

    Args:
        seconds: Until then.
    """

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def on_train_batch_end(self, trainer: pl.Trainer, *args: object) -> None:  # noqa: ARG002 (Lightning's)
        """Stops when it is time."""
        if time.monotonic() > self._at:
            trainer.should_stop = True


def lease(config: RunConfig, out: Path, minutes: float, budget: float, tried: Tried = Tried()) -> None:
    """Trains for a call's time.

    Args:
        config: The run.
        out: Where weights, story and log go.
        minutes: Of this call, measuring included; validation and writing come on top.
        budget: Minutes of training over all calls, to which the learning rate's schedule refers.
        tried: What the first call chooses from.
    """
    start = time.monotonic()
    compile_kernels()  # once, before workers are forked
    config.run.mkdir(parents=True, exist_ok=True)
    layout = _layout(config, tried)
    print(layout, flush=True)
    left = 60 * minutes - (time.monotonic() - start)
    log = RunLog(str(config.run))
    checkpoints = config.run / "checkpoints"
    last = checkpoints / "last.ckpt"
    trainer = pl.Trainer(
        **TRAINER_DEFAULTS
        | dict(config.trainer)
        | {"max_time": timedelta(minutes=budget), "default_root_dir": str(config.run)},
        logger=log,
        callbacks=[LastCheckpoint(str(checkpoints)), Deadline(left)],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    torch.manual_seed(0)
    module = Pretraining(
        config.network,
        config.optimizer,
        config.schedule,
        config.development,
        config.init_from,
        layout.compile_network,
    )
    trainer.fit(module, _data(config, layout), ckpt_path=last if last.exists() else None)
    checkpoint = read_checkpoint(config.run)
    write_parts(out, checkpoint["state_dict"], checkpoint[RUN_KEY])
    shutil.copy(Path(log.log_dir) / "metrics.csv", out / "metrics.csv")


def _layout(config: RunConfig, tried: Tried) -> Layout:
    """The layout of an earlier call, or one that is measured now."""
    path = config.run / _LAYOUT
    if path.exists():
        return Layout(**json.loads(path.read_text(encoding="utf-8")))
    device = torch.device("cuda" if config.trainer.get("accelerator") == "gpu" else "cpu")
    layout = measured(config, device, tried.batch_sizes, tried.reuses, tried.seconds)
    path.write_text(json.dumps(asdict(layout)), encoding="utf-8")
    return layout


def _data(config: RunConfig, layout: Layout) -> ProblemData:
    stream = replace(config.stream, batch_size=layout.batch_size, reuse=layout.reuse)
    prior = config.prior
    if isinstance(prior, SystemConfig):
        return ProblemData(stream=stream, systems=prior)
    return ProblemData(prior, stream)


def main(
    config: Annotated[Path, typer.Argument(help="a YAML file of training/configs")],
    out: Annotated[Path, typer.Option(help="folder that is carried back")],
    minutes: Annotated[float, typer.Option(help="of this call; add one for validation and writing")] = 9.0,
    budget: Annotated[
        float | None, typer.Option(help="minutes of training over all calls; by default this call's")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="the run's folder; by default the config's")] = None,
    init_from: Annotated[
        str | None, typer.Option(help="checkpoint to start from where the run has no state")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="of the stream; a new one for each start")] = None,
    batch_size: Annotated[
        list[int] | None, typer.Option(help="to choose from, may be repeated; by default 512, 1024, 2048")
    ] = None,
    reuse: Annotated[
        list[int] | None, typer.Option(help="uses of an equation to choose from; by default 1, 2, 4")
    ] = None,
) -> None:
    """Trains CONFIG for a few minutes and writes weights into OUT."""
    quieten()
    try:
        settings = read_config(config)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    settings = replace(settings, run=run or settings.run, init_from=init_from or settings.init_from)
    if seed is not None:
        settings = settings.with_seed(seed)
    tried = Tried(batch_size or Tried.batch_sizes, reuse or Tried.reuses)
    lease(settings, out, minutes, budget or minutes, tried)


if __name__ == "__main__":
    typer.run(main)
