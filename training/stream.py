"""The endless stream of training batches: sharded, bucketed by length, and resumable exactly.

A worker draws problems in chunks. A chunk's seed is a function of the stream's seed, the rank, the
worker and the chunk's number, so the position in the stream is one counter: how many batches each
rank has consumed. Within a chunk, problems are sorted by the length of their equation and cut into
batches of similar lengths, so that little is padded; the batches are then shuffled.

Drawing an equation or a system costs many times what drawing its data costs, so where that is the bottleneck
each serves several chunks, each time with other support points and noise. They come in lots, and a chunk
takes one lot of each of several ages; a lot's seed is a function of its number, so that any chunk can be
drawn on its own.
"""

from __future__ import annotations

import itertools
import math
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from generators.equations import EquationSampler
from generators.functions import E, FunctionConfig, FunctionGenerator, Problems
from generators.systems import System, SystemConfig, SystemGenerator, SystemSampler
from nsr.expressions.expression import Expression
from nsr.network.tokenizer import Tokenizer
from training.systems import as_problems

AnyProblems = Problems[Expression] | Problems[System]

# Chunks from one use of an equation to the next.
SPACING = 4
# Equations drawn for each problem: some are double, some are defined at too few points; and systems, some of
# which leave all bounds or never move.
_SPARE, _SPARE_SYSTEMS = 1.25, 1.75
# Sets the seeds of lots apart from those of chunks.
_LOT_TAG = 1


class Batch(TypedDict):
    """Problems of one batch; all have the same number of points.

    Attributes:
        X: Scaled variables, float32, shape (B, P, D), D the most of any row; absent ones are zero.
        y: Scaled target, float32, shape (B, P), or of systems (B, P, n_targets).
        n_variables: Variables that are present, shape (B,).
        tokens: The equation or system from bos to eos, padded, int64, shape (B, L).
    """

    X: Tensor
    y: Tensor
    n_variables: Tensor
    tokens: Tensor


@dataclass(frozen=True)
class StreamConfig:
    """How the stream is cut and drawn.

    Attributes:
        batch_size: Problems in a batch, on each rank.
        chunk_size: Problems drawn together; they share their number of points. A multiple of
            `batch_size`; larger chunks pad less.
        n_workers: Generator processes on each rank; 0 generates in the training process.
        prefetch: Batches each worker keeps ready.
        reuse: Problems that are made from one equation or system, each with its own points and
            noise; of systems, each with its own initial values and times too. Used 16 times, equations
            are learnt by heart: worth it only where drawing them is the bottleneck.
        seed: Seed of the whole stream. Give a run that continues another's weights a new one.
    """

    batch_size: int = 128
    chunk_size: int = 2048
    n_workers: int = 1
    prefetch: int = 16
    reuse: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.reuse < 1:
            raise ValueError(f"reuse {self.reuse} must be at least 1")
        if self.batch_size < 1 or self.chunk_size % self.batch_size or self.chunk_size < self.batch_size:
            raise ValueError(
                f"chunk_size {self.chunk_size} must be a positive multiple of batch_size {self.batch_size}"
            )


@dataclass(frozen=True)
class Position:
    """A place in the stream.

    Attributes:
        batches: Batches that each rank has consumed in this era.
        era: Counts changes of the stream's layout (batch size, number of ranks or workers). A new
            era has new seeds, so that nothing seen before a change is drawn again after it.
    """

    batches: int = 0
    era: int = 0


class ProblemStream(IterableDataset[Batch]):
    """One rank's endless batches; the items of this data set are whole batches.

    Args:
        config: How the stream is cut and drawn.
        prior: What problems are drawn.
        tokenizer: Writes equations as tokens.
        max_length: Longest token sequence the network takes, bos included.
        rank: This process among all that train together.
        position: Where to begin.
    """

    def __init__(
        self,
        config: StreamConfig,
        prior: FunctionConfig | SystemConfig,
        tokenizer: Tokenizer,
        max_length: int,
        rank: int = 0,
        position: Position | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.prior = prior
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.rank = rank
        self.position = position or Position()

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        worker, n_workers = (info.id, info.num_workers) if info else (0, 1)
        # A DataLoader asks its workers in turn and always begins with the first. After resuming,
        # the first worker therefore plays the part of the one whose turn it was.
        done = self.position.batches
        part = (worker + done) % n_workers
        consumed = done // n_workers + (part < done % n_workers)
        chunk, skip = divmod(consumed, self.config.chunk_size // self.config.batch_size)
        key = (self.config.seed, self.position.era, self.rank, part)
        for number, problems in enumerate(self._chunks(key, chunk), chunk):
            seed = chunk_seed(*key, number)
            batches = cut(problems, self.tokenizer, self.config.batch_size, self.max_length, seed)
            yield from batches[skip:]
            skip = 0

    def _chunks(self, key: tuple[int, ...], first: int) -> Iterator[AnyProblems]:
        """The problems of every chunk from the first on."""
        size, prior = self.config.chunk_size, self.prior
        if isinstance(prior, SystemConfig):
            systems: _Lots[System] = _Lots(self.config, key, partial(_draw_systems, prior), _SPARE_SYSTEMS)
            for number in itertools.count(first):
                seed = chunk_seed(*key, number)
                observed = SystemGenerator(prior, seed).batch(size, systems.of_chunk(number))
                yield as_problems(observed, prior.n_rows, seed)
        else:
            equations: _Lots[Expression] = _Lots(self.config, key, partial(_draw_equations, prior), _SPARE)
            for number in itertools.count(first):
                generator = FunctionGenerator(prior, chunk_seed(*key, number))
                yield generator.batch(size, equations.of_chunk(number))


class _Lots(Generic[E]):
    """The equations, or the systems, of each chunk of one worker's stream.

    Args:
        config: How the stream is cut and drawn.
        key: What the seeds of this stream begin with.
        draw: Draws a number of them by a seed.
        spare: How many to draw for each problem.
    """

    def __init__(
        self, config: StreamConfig, key: tuple[int, ...], draw: Callable[[int, int], list[E]], spare: float
    ) -> None:
        self.size = math.ceil(spare * config.chunk_size / config.reuse)
        self.ages = range(0, SPACING * config.reuse, SPACING)
        self.key = key
        self.draw: Callable[[int, int], list[E]] = draw
        self._lots: dict[int, list[E]] = {}

    def of_chunk(self, number: int) -> list[E]:
        """The chunk's equations in random order, no two of them equal."""
        self._lots = {k: lot for k, lot in self._lots.items() if k >= number}
        equations: dict[E, None] = {}
        for age in self.ages:
            equations |= dict.fromkeys(self._lot(number + age))
        rng = np.random.default_rng(chunk_seed(*self.key, number, _LOT_TAG))
        distinct = list(equations)
        return [distinct[i] for i in rng.permutation(len(distinct))]

    def _lot(self, number: int) -> list[E]:
        if number not in self._lots:
            seed = chunk_seed(*self.key, number, _LOT_TAG)
            self._lots[number] = self.draw(self.size, seed)
        return self._lots[number]


def _draw_equations(prior: FunctionConfig, n: int, seed: int) -> list[Expression]:
    return EquationSampler(prior.expressions, seed).draw(n)


def _draw_systems(prior: SystemConfig, n: int, seed: int) -> list[System]:
    sampler = SystemSampler(prior, np.random.default_rng(seed))
    return [sampler.sample() for _ in range(n)]


def chunk_seed(*key: int) -> int:
    """One well-mixed 63-bit seed from the parts of a key."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1)


def cut(
    problems: AnyProblems, tokenizer: Tokenizer, batch_size: int, max_length: int, seed: int | None = None
) -> list[Batch]:
    """Cuts problems into batches of similar length.

    Args:
        problems: A chunk that shares its number of points.
        tokenizer: Writes equations as tokens.
        batch_size: Problems in a batch; the last batch may have fewer.
        max_length: Longest token sequence the network takes, bos included.
        seed: Shuffles the batches, and problems of equal length; None keeps everything in order.

    Raises:
        ValueError: If an equation is longer than the network takes.
    """
    sequences = [[tokenizer.bos_id, *tokenizer.encode(e), tokenizer.eos_id] for e in problems.expressions]
    lengths = np.array([len(sequence) for sequence in sequences])
    if lengths.max() - 1 > max_length:
        raise ValueError(
            f"an equation has {lengths.max() - 2} tokens, the network takes {max_length - 1}: "
            "raise the network's max_length or generate shorter equations"
        )
    order = np.arange(len(lengths))
    if seed is not None:
        rng = np.random.default_rng(seed)
        order = np.lexsort((rng.random(len(lengths)), lengths))
    slices = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if seed is not None:
        slices = [slices[i] for i in rng.permutation(len(slices))]
    return [_collate(problems, sequences, rows, tokenizer.pad_id) for rows in slices]


def make_loader(stream: ProblemStream, pin_memory: bool = False) -> DataLoader[Batch]:
    """A loader whose worker processes draw the stream's batches."""
    n_workers = stream.config.n_workers
    return DataLoader(
        stream,
        batch_size=None,
        num_workers=n_workers,
        prefetch_factor=stream.config.prefetch if n_workers else None,
        pin_memory=pin_memory,
        worker_init_fn=_ignore_sigterm,
    )


def _ignore_sigterm(worker: int) -> None:  # noqa: ARG001 (PyTorch's signature)
    # SLURM and shells signal whole process groups; a worker that died of it would take the run with it before
    # it has saved. Workers end with the process that they work for.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _collate(problems: AnyProblems, sequences: Sequence[list[int]], rows: np.ndarray, pad_id: int) -> Batch:
    tokens = np.full((len(rows), max(len(sequences[i]) for i in rows)), pad_id, dtype=np.int64)
    for row, i in enumerate(rows):
        tokens[row, : len(sequences[i])] = sequences[i]
    n_columns = int(problems.n_variables[rows].max())  # columns that all rows leave empty cost time
    return Batch(
        X=torch.from_numpy(np.ascontiguousarray(problems.X[rows, :, :n_columns])),
        y=torch.from_numpy(problems.y[rows]),
        n_variables=torch.from_numpy(problems.n_variables[rows].astype(np.int64)),
        tokens=torch.from_numpy(tokens),
    )
