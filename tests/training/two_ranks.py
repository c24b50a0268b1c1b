"""Trains on fixed batches, as two ranks and alone; run by test_distributed.py in a process of its own."""

from collections import Counter
from functools import cache
from pathlib import Path

import lightning.pytorch as pl
import torch
from safetensors.torch import save_file
from torch.utils.data import DataLoader

from generators.functions import FunctionConfig, FunctionGenerator
from nsr.network.config import ModelConfig
from nsr.network.tokenizer import Tokenizer
from training.data import ProblemData
from training.development import DevelopmentConfig
from training.module import Pretraining
from training.schedule import Schedule
from training.stream import StreamConfig, cut

STEPS, GLOBAL_BATCH = 6, 8
FUNCTIONS = FunctionConfig(min_points=12, max_points=12)


class FixedData(ProblemData):
    """Global batches of equally long equations, of which each rank takes every world_size-th problem."""

    def train_dataloader(self):
        alike = equally_long()
        rank, world = self._trainer.global_rank, self._trainer.world_size
        batches = [
            join(alike[start + rank : start + GLOBAL_BATCH : world])
            for start in range(0, len(alike), GLOBAL_BATCH)
        ]
        return DataLoader(batches, batch_size=None)


@cache
def equally_long():
    problems = FunctionGenerator(FUNCTIONS, 0).batch(2000)
    whole = cut(problems, Tokenizer(), 1, ModelConfig(Tokenizer().vocab_size).max_length)
    (length, _), *_ = Counter(len(problem["tokens"][0]) for problem in whole).most_common()
    alike = [p for p in whole if len(p["tokens"][0]) == length][: STEPS * GLOBAL_BATCH]
    assert len(alike) == STEPS * GLOBAL_BATCH
    return alike


def join(problems):
    width = max(problem["X"].shape[2] for problem in problems)
    padded = [torch.nn.functional.pad(p["X"], (0, width - p["X"].shape[2])) for p in problems]
    rest = {key: torch.cat([p[key] for p in problems]) for key in ("y", "n_variables", "tokens")}
    return {"X": torch.cat(padded), **rest}


class Saving(pl.Callback):
    """Writes the weights in the first rank: what a forked process has learned is not in the one before it."""

    def __init__(self, output):
        self.output = output

    def on_train_end(self, trainer, module):
        if trainer.is_global_zero:
            assert module.samples_seen == STEPS * GLOBAL_BATCH
            save_file({name: p.detach().clone() for name, p in module.model.named_parameters()}, self.output)


def train(devices: int, output: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    shape = {"d_model": 32, "n_heads": 2, "n_encoder_layers": 1, "n_decoder_layers": 1, "d_ffn": 64}
    network = ModelConfig(Tokenizer().vocab_size, n_latents=8, **shape)
    small = DevelopmentConfig(n_problems=4, n_points=16, n_candidates=2, restarts=1, classical=False)
    module = Pretraining(network, schedule=Schedule(warmup_steps=2), development=small)
    data = FixedData(FUNCTIONS, StreamConfig(8, 16, 0))
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=devices,
        strategy="ddp_fork" if devices > 1 else "auto",  # what is loaded is loaded once
        max_steps=STEPS,
        gradient_clip_val=1.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        use_distributed_sampler=False,
        callbacks=[Saving(output)],
    )
    trainer.fit(module, data)


def main(folder: Path) -> None:
    equally_long()
    for devices in (2, 1):  # a process that has trained cannot be forked
        train(devices, folder / f"{devices}.safetensors")
