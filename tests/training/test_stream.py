"""The stream: reproducible, different everywhere, resumable anywhere, and hardly padded."""

import itertools
from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch

from generators.functions import FunctionConfig, FunctionGenerator
from generators.systems import SystemConfig
from nsr.network.tokenizer import Tokenizer
from training.stream import Batch, Position, ProblemStream, StreamConfig, cut, make_loader

TOKENIZER = Tokenizer()
FUNCTIONS = FunctionConfig(min_points=10, max_points=20)
SMALL = StreamConfig(batch_size=8, chunk_size=32, n_workers=0, seed=5)
MAX_LENGTH = 64


def take(
    n: int, config: StreamConfig = SMALL, rank: int = 0, position: Position | None = None
) -> list[Batch]:
    stream = ProblemStream(config, FUNCTIONS, TOKENIZER, MAX_LENGTH, rank, position)
    return list(islice(make_loader(stream), n))


def same(a: Batch, b: Batch) -> bool:
    return all(torch.equal(a[key], b[key]) for key in ("X", "y", "n_variables", "tokens"))


def test_equal_seeds_give_equal_batches():
    assert all(same(a, b) for a, b in zip(take(6), take(6), strict=True))


def test_ranks_eras_and_seeds_give_different_batches():
    variants = [
        take(1)[0],
        take(1, rank=1)[0],
        take(1, position=Position(era=1))[0],
        take(1, StreamConfig(batch_size=8, chunk_size=32, n_workers=0, seed=6))[0],
    ]
    sums = {float(batch["y"].sum()) for batch in variants}
    assert len(sums) == len(variants)


@pytest.mark.parametrize("done", [1, 3, 4, 6])
def test_resuming_gives_what_would_have_come_next(done):
    straight = take(8)
    resumed = take(8 - done, position=Position(done))
    assert all(same(a, b) for a, b in zip(straight[done:], resumed, strict=True))


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")  # on a single core
def test_resuming_is_exact_with_several_workers_which_draw_different_problems():
    config = StreamConfig(batch_size=8, chunk_size=16, n_workers=2, seed=5)
    straight = take(8, config)
    assert not same(straight[0], straight[1])
    resumed = take(5, config, position=Position(3))
    assert all(same(a, b) for a, b in zip(straight[3:], resumed, strict=True))


def test_batches_hold_the_problems_with_their_equations():
    problems = FunctionGenerator(FUNCTIONS, 3).batch(20)
    batches = cut(problems, TOKENIZER, 8, MAX_LENGTH)
    assert [len(batch["y"]) for batch in batches] == [8, 8, 4]
    rows = [row for batch in batches for row in batch["tokens"].tolist()]
    for row, expression in zip(rows, problems.expressions, strict=True):
        end = row.index(TOKENIZER.eos_id)
        assert row[0] == TOKENIZER.bos_id
        assert TOKENIZER.decode(row[1:end]) == expression
        assert set(row[end + 1 :]) <= {TOKENIZER.pad_id}
    for batch, start in zip(batches, (0, 8, 16), strict=True):
        n_columns = int(batch["n_variables"].max())
        np.testing.assert_array_equal(batch["X"].numpy(), problems.X[start : start + 8, :, :n_columns])


def test_sorting_by_length_leaves_little_padding():
    problems = FunctionGenerator(FUNCTIONS, 3).batch(512)

    def padded_share(seed: int | None) -> float:
        tokens = [batch["tokens"].flatten() for batch in cut(problems, TOKENIZER, 32, MAX_LENGTH, seed)]
        return float((torch.cat(tokens) == TOKENIZER.pad_id).float().mean())

    assert padded_share(seed=0) < 0.1
    assert padded_share(seed=0) < padded_share(seed=None) / 3


def test_an_equation_too_long_for_the_network_is_an_error():
    problems = FunctionGenerator(FUNCTIONS, 3).batch(8)
    with pytest.raises(ValueError, match="max_length"):
        cut(problems, TOKENIZER, 8, max_length=2)


def test_a_chunk_is_a_whole_number_of_batches():
    with pytest.raises(ValueError, match="multiple of batch_size"):
        StreamConfig(batch_size=100, chunk_size=2048)


def equations(batches: list[Batch]) -> list[tuple[int, ...]]:
    rows = [row for batch in batches for row in batch["tokens"].tolist()]
    return [tuple(token for token in row if token != TOKENIZER.pad_id) for row in rows]


def test_an_equation_serves_several_chunks_with_other_data_each_time():
    config = StreamConfig(batch_size=32, chunk_size=64, n_workers=0, reuse=4, seed=1)
    batches = take(40, config)
    chunks = [equations(batches[start : start + 2]) for start in range(0, 40, 2)]
    uses = Counter(itertools.chain.from_iterable(chunks))
    assert max(uses.values()) >= 4
    assert np.mean([len(set(chunk)) for chunk in chunks]) > 60
    assert len({y.tobytes() for batch in batches for y in batch["y"].numpy()}) == 40 * 32
    # A chunk shares equations with the one four chunks on, hardly with the next.
    shared = [len(set(a) & set(b)) for a, b in itertools.pairwise(chunks)]
    spaced = [len(set(a) & set(b)) for a, b in zip(chunks, chunks[4:], strict=False)]
    assert np.mean(shared) < 5
    assert np.mean(spaced) > 30


def test_without_reuse_every_chunk_has_its_own_equations():
    config = StreamConfig(batch_size=32, chunk_size=64, n_workers=0, reuse=1, seed=1)
    drawn = equations(take(20, config))
    assert len(set(drawn)) > 0.9 * len(drawn)


def test_systems_come_as_slopes_and_resume_as_functions_do():
    prior, tokenizer = SystemConfig(min_points=30, max_points=40, n_rows=20), Tokenizer(6)

    def stream(position=None):
        return ProblemStream(SMALL, prior, tokenizer, 192, position=position)

    straight = list(islice(stream(), 6))
    assert all(same(a, b) for a, b in zip(straight[2:], stream(Position(2)), strict=False))
    for batch in straight:
        assert batch["X"].shape[:2] == batch["y"].shape[:2] == (8, 20)
        assert batch["y"].shape[2] == 7
        for row, count in zip(batch["tokens"].tolist(), batch["n_variables"].tolist(), strict=True):
            system = tokenizer.decode_system(row[1 : row.index(tokenizer.eos_id)])
            assert len(system) == count
        slopes = batch["y"][..., 1:]
        present = torch.arange(6) < batch["n_variables"][:, None]
        size = slopes.square().mean(dim=1).sqrt()
        torch.testing.assert_close(size[present], torch.ones_like(size[present]), rtol=1e-3, atol=0)
        assert not size[~present].any()


def test_a_system_is_observed_several_times_from_other_initial_values():
    config = StreamConfig(batch_size=16, chunk_size=16, n_workers=0, reuse=4, seed=1)
    prior = SystemConfig(min_points=30, max_points=40, n_rows=10, noise_share=0.0)
    batches = list(islice(ProblemStream(config, prior, Tokenizer(6), 192), 20))
    uses = Counter(itertools.chain.from_iterable(equations([batch]) for batch in batches))
    assert max(uses.values()) >= 4
    assert len({X.tobytes() for batch in batches for X in batch["X"].numpy()}) == 20 * 16
