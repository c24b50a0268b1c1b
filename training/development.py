"""The development set: fixed generated problems that tell how training goes.

Its seeds lie outside every training stream's. Beside loss and accuracy under teacher forcing it
measures what matters in use: are free samples well-formed, and does a small number of candidates
contain the equation, once its constants are refined? The last is asked of the classical benchmark
suites as well; the Feynman equations and ODEBench are never looked at while training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from generators.functions import FunctionConfig, FunctionGenerator
from generators.systems import SystemConfig, SystemGenerator
from nsr.data.scaling import Scaler
from nsr.evaluate.program import Program
from nsr.expressions.canonical import form_key
from nsr.expressions.expression import Expression, apply, constant
from nsr.network.decoding import sample
from nsr.network.model import Model
from nsr.network.tokenizer import TOKEN_KINDS, Tokenizer
from nsr.problems.problem import Problem
from nsr.problems.problem import sample as sample_data
from nsr.problems.suites import load
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.task import Task
from training.loss import Losses, TokenLoss
from training.stream import AnyProblems, Batch, chunk_seed, cut
from training.systems import as_problems

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
        classical: Whether the classical suites' recovery is measured too.
    """

    n_problems: int = 128
    n_points: int = 200
    n_candidates: int = 16
    restarts: int = 2
    batch_size: int = 64
    seed: int = 0
    classical: bool = True

    @property
    def n_fresh(self) -> int:
        """Points held back to judge recovery."""
        return self.n_points // 4


class Figure(NamedTuple):
    """A mean of a batch.

    Attributes:
        mean: The mean.
        weight: How many tokens or problems it is of.
    """

    mean: float
    weight: int


def development_batches(
    config: DevelopmentConfig, prior: FunctionConfig | SystemConfig, tokenizer: Tokenizer, max_length: int
) -> list[Batch]:
    """Draws the development set; the last `n_fresh` points of each problem are to be held back."""
    n_points, seed = config.n_points + config.n_fresh, chunk_seed(_SEED_TAG, config.seed)
    quiet = replace(prior, min_points=n_points, max_points=n_points, noise_share=0.0)
    if isinstance(quiet, SystemConfig):
        observations = SystemGenerator(quiet, seed).batch(config.n_problems)
        problems: AnyProblems = as_problems(observations, n_points, seed)
    else:
        problems = FunctionGenerator(quiet, seed).batch(config.n_problems)
    return cut(problems, tokenizer, config.batch_size, max_length)


def classical_batches(config: DevelopmentConfig, tokenizer: Tokenizer) -> list[Batch]:
    """The classical suites' problems, with as many points as the development set's.

    Their tokens are bos alone, as recovery needs no more.
    """
    problems = [p for p in load("classical") if len(p.ranges) <= tokenizer.max_variables]
    size = config.batch_size
    return [
        _classical_batch(problems[start : start + size], config, tokenizer)
        for start in range(0, len(problems), size)
    ]


def evaluate(
    model: Model, tokenizer: Tokenizer, batch: Batch, config: DevelopmentConfig
) -> dict[str, Figure]:
    """Figures of one batch of the development set.

    Returns:
        `loss` (nats per token) and `loss_KIND` for each kind of token, `accuracy` (share of tokens
        right under teacher forcing), `well_formed` (share of unconstrained samples that are
        expressions), `recovered` (share of problems whose equation, refined, leaves at most 2^-23
        of the variance on held-back points; of systems, whose every component's skeleton is sampled).
    """
    memory = _encode(model, batch, config)
    logits = model.decode(memory, batch["tokens"][:, :-1])
    targets = batch["tokens"][:, 1:]
    right = (logits.argmax(-1) == targets) & (targets != tokenizer.pad_id)
    losses: Losses = TokenLoss(tokenizer).to(memory.device)(logits, targets)
    n_tokens, n_problems = int(losses.counts.sum()), len(targets)
    by_kind = zip(TOKEN_KINDS, losses.sums.tolist(), losses.counts.tolist(), strict=True)
    return {
        "loss": Figure(float(losses.mean), n_tokens),
        **{f"loss_{kind}": Figure(nats / max(n, 1), int(n)) for kind, nats, n in by_kind},
        "accuracy": Figure(int(right.sum()) / n_tokens, n_tokens),
        "well_formed": Figure(well_formed_share(model, tokenizer, memory, batch, config.seed), n_problems),
        "recovered": Figure(recovered(model, tokenizer, memory, batch, config), n_problems),
    }


def evaluate_classical(
    model: Model, tokenizer: Tokenizer, batch: Batch, config: DevelopmentConfig
) -> dict[str, Figure]:
    """`recovered_classical` of one batch of the classical suites; see `evaluate`."""
    memory = _encode(model, batch, config)
    share = recovered(model, tokenizer, memory, batch, config)
    return {"recovered_classical": Figure(share, len(batch["y"]))}


def recovered(
    model: Model, tokenizer: Tokenizer, memory: Tensor, batch: Batch, config: DevelopmentConfig
) -> float:
    """Share of a batch's problems with the equation, or the system, among a few samples."""
    n_components = _n_components(batch)
    sequences = sample(
        model,
        tokenizer,
        memory,
        batch["n_variables"],
        n_samples=config.n_candidates,
        generator=torch.Generator(device=memory.device).manual_seed(config.seed),
        n_components=n_components,
    )
    candidates = [[tokenizer.decode_system(ids) for ids in problem] for problem in sequences]
    if _is_of_systems(batch):
        truths = [_truth(tokenizer, row) for row in batch["tokens"].tolist()]
        return float(np.mean([has_skeletons(*pair) for pair in zip(candidates, truths, strict=True)]))
    tries = [[expression for (expression,) in problem] for problem in candidates]
    return float(np.mean([recovers(own, batch, row, config) for row, own in enumerate(tries)]))


def well_formed_share(model: Model, tokenizer: Tokenizer, memory: Tensor, batch: Batch, seed: int) -> float:
    """Share of well-formed equations or systems among samples drawn without the grammar, one per problem."""
    generator = torch.Generator(device=memory.device).manual_seed(seed)
    n_steps = model.config.max_length
    cache = model.start_cache(memory, 1)
    tokens = torch.full((len(memory), 1), tokenizer.bos_id, device=memory.device)
    drawn = []
    for _ in range(n_steps):
        probabilities = model.step(tokens, cache)[:, 0].float().softmax(-1)
        tokens = torch.multinomial(probabilities, 1, generator=generator)
        drawn.append(tokens)
    rows, counts = torch.cat(drawn, dim=1).tolist(), _n_components(batch).tolist()
    return float(np.mean([_is_well_formed(*pair, tokenizer) for pair in zip(rows, counts, strict=True)]))


def has_skeletons(candidates: Sequence[Sequence[Expression]], truth: Sequence[Expression]) -> bool:
    """Whether each component of a system has its skeleton in some candidate."""
    return all(
        form_key(component) in {form_key(system[place]) for system in candidates}
        for place, component in enumerate(truth)
    )


def recovers(candidates: list[Expression], batch: Batch, row: int, config: DevelopmentConfig) -> bool:
    """Whether the best refined candidate matches the held-back points of one problem."""
    X = batch["X"][row].double().cpu().numpy()
    y = batch["y"][row].double().cpu().numpy()
    seen, fresh = slice(None, config.n_points), slice(config.n_points, None)
    scaled = [apply("mul", constant(1.0), candidate) for candidate in candidates]
    program = Program(scaled)
    task = Task(X[seen], y[seen], SQUARED_ERROR, seed=config.seed)
    refined = refine(program, task, Effort(restarts=config.restarts))
    best = int(np.argmin(refined.loss))
    with np.errstate(all="ignore"):
        predicted = program.values(X[fresh], refined.constants[best][None], np.array([best]))[0]
        fvu = float(np.mean((predicted - y[fresh]) ** 2) / np.var(y[fresh]))
    return fvu <= RECOVERED_FVU


def _encode(model: Model, batch: Batch, config: DevelopmentConfig) -> Tensor:
    """Memory of all points but those held back."""
    seen = slice(None, config.n_points)
    return model.encode(batch["X"][:, seen], batch["y"][:, seen], batch["n_variables"])


def _classical_batch(problems: list[Problem], config: DevelopmentConfig, tokenizer: Tokenizer) -> Batch:
    n_points = config.n_points + config.n_fresh
    n_variables = [len(problem.ranges) for problem in problems]
    X = torch.zeros(len(problems), n_points, max(n_variables))
    y = torch.zeros(len(problems), n_points)
    for row, (problem, count) in enumerate(zip(problems, n_variables, strict=True)):
        data = sample_data(problem, n_points, config.seed)
        scaled = Scaler.fit(*data).transform(*data)
        X[row, :, :count], y[row] = map(torch.from_numpy, scaled)
    tokens = torch.full((len(problems), 1), tokenizer.bos_id)
    return Batch(X=X, y=y, n_variables=torch.tensor(n_variables), tokens=tokens)


def _is_of_systems(batch: Batch) -> bool:
    return batch["y"].dim() == 3


def _n_components(batch: Batch) -> Tensor:
    """A system has a component for each of its variables."""
    n_variables = batch["n_variables"]
    return n_variables if _is_of_systems(batch) else torch.ones_like(n_variables)


def _truth(tokenizer: Tokenizer, row: list[int]) -> tuple[Expression, ...]:
    return tokenizer.decode_system(row[1 : row.index(tokenizer.eos_id)])


def _is_well_formed(row: list[int], n_components: int, tokenizer: Tokenizer) -> bool:
    if tokenizer.eos_id not in row:
        return False
    try:
        return len(tokenizer.decode_system(row[: row.index(tokenizer.eos_id)])) == n_components
    except ValueError:
        return False
