"""The development set: fixed generated problems that tell how training goes.

Its seeds lie outside every training stream's. Beside loss and accuracy under teacher forcing it
measures what matters in use: are free samples well-formed, and does a small number of candidates
contain the equation, once its constants are refined?
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from generators.functions import FunctionConfig, FunctionGenerator
from nsr.decoding import sample
from nsr.expression import Expression, apply, constant
from nsr.model import Model
from nsr.program import Program
from nsr.refine import refine
from nsr.tokenizer import Tokenizer
from training.stream import Batch, chunk_seed, cut

RECOVERED_FVU = 2.0**-23
_SEED_TAG = 0x6465765F736574  # "dev_set"; with two parts the key differs from every training chunk's five


@dataclass(frozen=True)
class DevelopmentConfig:
    """Size of the development set and effort spent on it.

    Attributes:
        n_problems: Problems, all free of noise.
        n_points: Points of each that the network and the refinement see; a quarter as many again
            judge the result.
        n_candidates: Sequences sampled for each problem to look for the equation.
        restarts: Starting points of the refinement of each candidate.
        batch_size: Problems evaluated together.
        seed: Which development set.
    """

    n_problems: int = 128
    n_points: int = 200
    n_candidates: int = 16
    restarts: int = 2
    batch_size: int = 64
    seed: int = 0

    @property
    def n_fresh(self) -> int:
        """Points held back to judge recovery."""
        return self.n_points // 4


def development_batches(
    config: DevelopmentConfig, functions: FunctionConfig, tokenizer: Tokenizer, max_length: int
) -> list[Batch]:
    """Draws the development set; the last `n_fresh` points of each problem are to be held back."""
    n_points = config.n_points + config.n_fresh
    quiet = replace(functions, min_points=n_points, max_points=n_points, noise_share=0.0, reuse=1)
    generator = FunctionGenerator(quiet, chunk_seed(_SEED_TAG, config.seed))
    problems = generator.batch(config.n_problems)
    return cut(problems, tokenizer, config.batch_size, max_length)


def token_loss(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    """Mean cross-entropy in nats over the targets (B, L) that are no padding."""
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=pad_id)


def evaluate(model: Model, tokenizer: Tokenizer, batch: Batch, config: DevelopmentConfig) -> dict[str, float]:
    """Figures of one batch of the development set.

    Returns:
        `loss` (nats per token), `accuracy` (share of tokens right under teacher forcing),
        `well_formed` (share of unconstrained samples that are expressions), `recovered` (share of
        problems whose equation, refined, leaves at most 2^-23 of the variance on held-back points).
    """
    X, y = batch["X"][:, : config.n_points], batch["y"][:, : config.n_points]
    memory = model.encode(X, y, batch["n_variables"])
    logits = model.decode(memory, batch["tokens"][:, :-1])
    targets = batch["tokens"][:, 1:]
    real = targets != tokenizer.pad_id
    right = (logits.argmax(-1) == targets) & real
    generator = torch.Generator(device=memory.device).manual_seed(config.seed)
    sequences = sample(
        model,
        tokenizer,
        memory,
        batch["n_variables"],
        n_samples=config.n_candidates,
        generator=generator,
    )
    candidates = [[tokenizer.decode(ids) for ids in problem] for problem in sequences]
    found = [recovers(tries, batch, row, config) for row, tries in enumerate(candidates)]
    return {
        "loss": float(token_loss(logits, targets, tokenizer.pad_id)),
        "accuracy": float(right.sum() / real.sum()),
        "well_formed": well_formed_share(model, tokenizer, memory, generator),
        "recovered": float(np.mean(found)),
    }


def well_formed_share(
    model: Model, tokenizer: Tokenizer, memory: Tensor, generator: torch.Generator
) -> float:
    """Share of well-formed expressions among samples drawn without the grammar, one per problem."""
    n_steps = model.config.max_length
    cache = model.start_cache(memory, 1)
    tokens = torch.full((len(memory), 1), tokenizer.bos_id, device=memory.device)
    drawn = []
    for _ in range(n_steps):
        probabilities = model.step(tokens, cache)[:, 0].float().softmax(-1)
        tokens = torch.multinomial(probabilities, 1, generator=generator)
        drawn.append(tokens)
    rows = torch.cat(drawn, dim=1).tolist()
    return float(np.mean([_is_well_formed(row, tokenizer) for row in rows]))


def recovers(candidates: list[Expression], batch: Batch, row: int, config: DevelopmentConfig) -> bool:
    """Whether the best refined candidate matches the held-back points of one problem."""
    X = batch["X"][row].double().cpu().numpy()
    y = batch["y"][row].double().cpu().numpy()
    seen, fresh = slice(None, config.n_points), slice(config.n_points, None)
    scaled = [apply("mul", constant(1.0), candidate) for candidate in candidates]
    program = Program(scaled)
    refined = refine(program, X[seen], y[seen], restarts=config.restarts, seed=config.seed)
    best = int(np.argmin(refined.loss))
    with np.errstate(all="ignore"):
        predicted = program.values(X[fresh], refined.constants[best][None], np.array([best]))[0]
        fvu = float(np.mean((predicted - y[fresh]) ** 2) / np.var(y[fresh]))
    return fvu <= RECOVERED_FVU


def _is_well_formed(row: list[int], tokenizer: Tokenizer) -> bool:
    if tokenizer.eos_id not in row:
        return False
    try:
        tokenizer.decode(row[: row.index(tokenizer.eos_id)])
    except ValueError:
        return False
    return True
