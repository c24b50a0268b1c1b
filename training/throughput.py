"""How many problems a second a machine draws, and how many it learns from, before a run is laid out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from training.config_file import RunConfig
from training.loss import Losses, TokenLoss
from training.module import optimizer_of
from training.stream import SPACING, Batch, ProblemStream, make_loader

# Compilation has to save this share of a step, or the minutes that it takes are not worth it.
_WORTHWHILE = 0.1
# A smaller batch takes more steps; it may cost this share of the rate.
_DEAR = 0.1
# Batches that a step is measured on.
_N_BATCHES = 24


@dataclass(frozen=True)
class Layout:
    """How a run is laid out on a machine.

    Attributes:
        batch_size: Problems in a batch.
        reuse: Problems made from one equation.
        compile_network: Whether torch.compile fuses the step.
    """

    batch_size: int
    reuse: int
    compile_network: bool


def stream_rate(problems: ProblemStream, seconds: float) -> tuple[float, list[Batch]]:
    """Problems drawn a second by all workers, and the batches that were drawn meanwhile."""
    config = problems.config
    batches = iter(make_loader(problems))
    # The first chunks draw all their equations; later ones find most of them in store.
    chunks = SPACING * config.chunk_size // config.batch_size
    for _ in range(max(config.n_workers, 1) * (chunks + config.prefetch)):
        next(batches)
    drawn: list[Batch] = []
    start = time.monotonic()
    while time.monotonic() - start < seconds or not drawn:
        drawn.append(next(batches))
    return len(drawn) * config.batch_size / (time.monotonic() - start), drawn


def step_rates(
    config: RunConfig,
    tokenizer: Tokenizer,
    batches: Sequence[Batch],
    sizes: Sequence[int],
    compile_network: bool,
    device: torch.device,
) -> dict[int, float]:
    """Problems learnt from a second, by batch size; each pass over the batches is preceded by one untimed."""
    model = Model(config.network).to(device)
    if compile_network:
        model.compile(dynamic=True)
    steps = optimizer_of(model, config.optimizer)
    loss = TokenLoss(tokenizer).to(device)
    rates = {}
    for size in sizes:
        own = [_first(batch, size, device) for batch in batches]
        for is_timed in (False, True):
            _wait(device)
            start = time.monotonic()
            for batch in own:
                _step(model, steps, loss, batch, device)
            _wait(device)
            if is_timed:
                rates[size] = size * len(own) / (time.monotonic() - start)
    return rates


def chosen(streams: dict[int, float], steps: dict[bool, dict[int, float]]) -> Layout:
    """The layout for measured rates.

    Equations are used again only where drawing them would leave the device idle; batches are as small as the
    rate allows, as steps are what a short run lacks.

    Args:
        streams: Problems drawn a second, by reuse.
        steps: Problems learnt from a second, by whether the network is compiled, and by batch size.
    """
    best = {flag: max(rates.values()) for flag, rates in steps.items()}
    compile_network = best[False] < (1 - _WORTHWHILE) * best.get(True, 0.0)
    rates = steps[compile_network]
    reuse = next((r for r in sorted(streams) if streams[r] >= max(rates.values())), max(streams))
    total = {size: min(streams[reuse], rate) for size, rate in rates.items()}
    enough = (1 - _DEAR) * max(total.values())
    return Layout(min(size for size, rate in total.items() if rate >= enough), reuse, compile_network)


def measured(
    config: RunConfig, device: torch.device, sizes: Sequence[int], reuses: Sequence[int], seconds: float
) -> Layout:
    """Measures the stream for each reuse and the step for each batch size, says all, and chooses.

    Args:
        config: The run, whose batch size and reuse are replaced; the step is measured compiled too if the
            run may compile it.
        device: What the network is trained on.
        sizes: Batch sizes to try.
        reuses: Problems of one equation to try.
        seconds: Time to draw for, with each reuse.
    """
    tokenizer = Tokenizer(config.network.max_variables)
    streams: dict[int, float] = {}
    batches: list[Batch] = []
    for reuse in reuses:
        stream = replace(config.stream, batch_size=max(sizes), chunk_size=max(sizes), reuse=reuse, prefetch=2)
        problems = ProblemStream(stream, config.prior, tokenizer, config.network.max_length)
        streams[reuse], batches = stream_rate(problems, seconds)
        print(f"stream, reuse {reuse}: {streams[reuse]:,.0f} problems/s", flush=True)
    steps = {}
    for compile_network in (False, True) if config.compile_network else (False,):
        steps[compile_network] = step_rates(
            config, tokenizer, batches[:_N_BATCHES], sizes, compile_network, device
        )
        for size, rate in steps[compile_network].items():
            print(f"step, batch {size}, compiled {compile_network}: {rate:,.0f} problems/s", flush=True)
    return chosen(streams, steps)


def _first(batch: Batch, size: int, device: torch.device) -> Batch:
    return Batch(
        X=batch["X"][:size].to(device),
        y=batch["y"][:size].to(device),
        n_variables=batch["n_variables"][:size].to(device),
        tokens=batch["tokens"][:size].to(device),
    )


def _step(
    model: Model, optimizer: torch.optim.Optimizer, loss: TokenLoss, batch: Batch, device: torch.device
) -> None:
    tokens = batch["tokens"]
    with torch.autocast(device.type, torch.bfloat16):
        logits = model(batch["X"], batch["y"], batch["n_variables"], tokens[:, :-1])
        losses: Losses = loss(logits, tokens[:, 1:])
    losses.mean.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
