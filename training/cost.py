"""What a run will cost, before it starts: `python -m training.cost --config training/configs/large.yaml`.

Counts the operations of an average problem of the stream and divides by what the hardware is assumed to
deliver. Memory is that of float32 weights, their average, gradients and momenta, and of the activations that
the backward pass reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import lightning.pytorch as pl
import torch
import typer
import yaml
from rich.console import Console
from rich.table import Table

from generators.functions import FunctionConfig
from generators.systems import SystemConfig
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from training.flops import training_flops
from training.stream import StreamConfig

# Dense bfloat16 of an NVIDIA H100 SXM (its data sheet), and the share of it that training usually reaches.
H100_FLOPS = 989e12
ASSUMED_UTILISATION = 0.4
# The stream's mean length of a token sequence and mean number of variables.
MEAN_TOKENS, MEAN_VARIABLES = 24, 4
# Float32 weight, average, gradient and momentum of each parameter; the few of AdamW have a second moment.
_BYTES_PER_PARAMETER = 16
# Tensors of width d_model, and of width d_ffn, in bfloat16, that a layer keeps for its backward pass.
_KEPT_WIDE, _KEPT_HIDDEN = 12, 3


@dataclass(frozen=True)
class Cost:
    """A run's cost.

    Attributes:
        parameters: Of the network.
        samples: Problems seen.
        tokens: Target tokens seen.
        flops: Operations in all.
        gpu_hours: At the assumed rate.
        hours: Wall time.
        memory_gib: On each GPU.
    """

    parameters: int
    samples: float
    tokens: float
    flops: float
    gpu_hours: float
    hours: float
    memory_gib: float

    def __str__(self) -> str:
        size = f"{self.parameters:,} parameters, about {self.memory_gib:.2g} GiB on each device"
        if not self.samples:
            return f"{size}; no number of steps is set"
        work = f"{self.samples:,.0f} problems, {self.flops:.2g} operations"
        return f"{size}; {work}: {self.gpu_hours:.2g} hours of an H100 that delivers 40 % of its peak"


def planned(
    trainer: pl.Trainer, network: ModelConfig, prior: FunctionConfig | SystemConfig, batch_size: int
) -> Cost:
    """The cost of a run that is about to start; without problems if it has no `max_steps`."""
    steps = max(trainer.max_steps, 0) * trainer.accumulate_grad_batches
    gpus = trainer.world_size
    return cost(network, steps * batch_size * gpus, gpus, batch_size, _mean_points(prior))


def cost(
    network: ModelConfig,
    samples: float,
    gpus: int,
    batch_size: int,
    n_points: int,
    flops_per_second: float = H100_FLOPS * ASSUMED_UTILISATION,
) -> Cost:
    """Estimates a run.

    Args:
        network: Shape.
        samples: Problems to be seen.
        gpus: GPUs.
        batch_size: Problems in a batch on each GPU.
        n_points: Mean number of support points.
        flops_per_second: What one GPU is assumed to deliver.
    """
    with torch.device("meta"):
        parameters = sum(parameter.numel() for parameter in Model(network).parameters())
    flops = samples * training_flops(network, n_points, MEAN_VARIABLES, MEAN_TOKENS)
    gpu_seconds = flops / flops_per_second
    kept = _kept_bytes(network, n_points) * batch_size
    return Cost(
        parameters=parameters,
        samples=samples,
        tokens=samples * MEAN_TOKENS,
        flops=flops,
        gpu_hours=gpu_seconds / 3600,
        hours=gpu_seconds / 3600 / gpus,
        memory_gib=(parameters * _BYTES_PER_PARAMETER + kept) / 2**30,
    )


def _kept_bytes(network: ModelConfig, n_points: int) -> float:
    """Activations of one problem that the backward pass reads."""
    layer = 2 * (_KEPT_WIDE * network.d_model + _KEPT_HIDDEN * network.d_ffn)
    positions = (
        n_points + network.n_encoder_layers * network.n_latents + network.n_decoder_layers * MEAN_TOKENS
    )
    keys_values = 4 * network.n_encoder_layers * n_points * network.d_model
    return float(layer * positions + keys_values + 4 * MEAN_TOKENS * network.vocab_size)


def main(
    config: Annotated[Path, typer.Option(help="a YAML file of training/configs")],
    samples: Annotated[float | None, typer.Option(help="problems; by default the config's max_steps")] = None,
    gpus: Annotated[int | None, typer.Option(help="by default the config's nodes times devices")] = None,
    tflops: Annotated[float, typer.Option(help="what one GPU delivers")] = H100_FLOPS
    * ASSUMED_UTILISATION
    / 1e12,
) -> None:
    """Prints what a run of CONFIG costs."""
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    trainer, data = settings.get("trainer", {}), settings.get("data", {})
    n_gpus = gpus or trainer.get("num_nodes", 1) * trainer.get("devices", 1)
    batch_size = data.get("stream", {}).get("batch_size", StreamConfig().batch_size)
    n_samples = samples or _planned_samples(trainer, batch_size * n_gpus)
    network = ModelConfig(Tokenizer().vocab_size, **settings.get("model", {}).get("network", {}))
    functions = FunctionConfig(**{k: v for k, v in data.get("functions", {}).items() if k.endswith("points")})
    result = cost(network, n_samples, n_gpus, batch_size, _mean_points(functions), tflops * 1e12)
    table = Table(title=f"{config} on {n_gpus} GPUs that deliver {tflops:.0f} TFLOP/s each")
    table.add_column("what")
    table.add_column("how much", justify="right")
    for name, value in vars(result).items():
        table.add_row(name.replace("_", " "), f"{value:,.3g}")
    Console().print(table)


def _planned_samples(trainer: dict[str, Any], global_batch: int) -> float:
    if trainer.get("max_steps", -1) < 1:
        raise typer.BadParameter("the config has no max_steps; say how many problems with --samples")
    return float(trainer["max_steps"] * trainer.get("accumulate_grad_batches", 1) * global_batch)


def _mean_points(prior: FunctionConfig | SystemConfig) -> int:
    """Mean of a log-uniform distribution, or the rows of a system."""
    if isinstance(prior, SystemConfig):
        return prior.n_rows
    low, high = prior.min_points, prior.max_points
    return round((high - low) / float(torch.log(torch.tensor(high / low)))) if high > low else low


if __name__ == "__main__":
    typer.run(main)
