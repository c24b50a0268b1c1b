import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import expressions

from nsr.decoding import beam_search, sample
from nsr.grammar import Grammar
from nsr.model import Model, ModelConfig
from nsr.tokenizer import Tokenizer

TOKENIZER = Tokenizer()
CONFIG = ModelConfig(
    vocab_size=TOKENIZER.vocab_size, d_model=32, n_heads=4, d_ffn=48, n_latents=8, n_encoder_layers=1,
    n_decoder_layers=1, max_length=40,
)  # fmt: skip
torch.manual_seed(0)
MODEL = Model(CONFIG).eval()
GRAMMAR = Grammar(TOKENIZER)


def memory_of(n_problems: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n_problems)
    return torch.randn(n_problems, CONFIG.n_latents, CONFIG.d_model, generator=generator)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 39), st.sampled_from((0.3, 1.0, 5.0)), st.integers(1, 10))
def test_samples_are_well_formed_within_their_limits(seed, max_length, temperature, n_variables):
    counts = torch.tensor([n_variables, 1])
    generator = torch.Generator().manual_seed(seed)
    found = sample(
        MODEL, TOKENIZER, memory_of(2), counts, n_samples=16, temperature=temperature, max_length=max_length,
        generator=generator,
    )  # fmt: skip
    for rows, count in zip(found, counts.tolist(), strict=True):
        assert rows
        assert len({tuple(row) for row in rows}) == len(rows)
        for row in rows:
            assert len(row) <= max_length
            assert all(index < count for index in TOKENIZER.decode(row).variables)


@given(expressions())
def test_the_grammar_allows_what_the_tokenizer_writes(expression):
    ids = TOKENIZER.encode(expression)
    state = GRAMMAR.start(torch.tensor([3]), len(ids))
    for token in [*ids, TOKENIZER.eos_id]:
        assert GRAMMAR.allowed(state)[0, token]
        state = GRAMMAR.advance(state, torch.tensor([token]))


@given(expressions())
def test_the_grammar_forbids_what_is_longer_than_the_room(expression):
    ids = TOKENIZER.encode(expression)
    if len(ids) == 1:
        return
    state = GRAMMAR.start(torch.tensor([3]), len(ids) - 1)
    allowed = []
    for token in ids:
        allowed.append(bool(GRAMMAR.allowed(state)[0, token]))
        if not allowed[-1]:
            break
        state = GRAMMAR.advance(state, torch.tensor([token]))
    assert not all(allowed)


def test_seed_decides_samples():
    draws = [
        sample(
            MODEL,
            TOKENIZER,
            memory_of(1),
            torch.tensor([3]),
            n_samples=8,
            generator=torch.Generator().manual_seed(s),
        )
        for s in (0, 0, 1)
    ]
    assert draws[0] == draws[1] != draws[2]


def test_low_temperature_and_top_one_are_greedy():
    greedy = sample(MODEL, TOKENIZER, memory_of(1), torch.tensor([3]), n_samples=8, top_k=1)
    cold = sample(MODEL, TOKENIZER, memory_of(1), torch.tensor([3]), n_samples=8, temperature=1e-4)
    nucleus = sample(MODEL, TOKENIZER, memory_of(1), torch.tensor([3]), n_samples=8, top_p=1e-6)
    assert greedy == cold == nucleus
    assert len(greedy[0]) == 1


def test_beam_search_finds_what_brute_force_finds():
    memory, count = memory_of(1), torch.tensor([2])
    limit = 3
    unary = [i for i, name in enumerate(TOKENIZER.vocabulary) if name in {"sin", "cos", "exp"}]
    words = [
        i
        for i in range(TOKENIZER.vocab_size)
        if bool(GRAMMAR.arity[i] > 0) or TOKENIZER.vocabulary[i] in {"x_0", "x_1"}
    ]
    assert unary
    scored = {}
    for size in range(1, limit + 1):
        for ids in itertools.product(words, repeat=size):
            score = log_probability(memory, count, list(ids), limit)
            if score is not None:
                scored[ids] = score
    best = sorted(scored, key=scored.__getitem__, reverse=True)[:3]
    found = beam_search(MODEL, TOKENIZER, memory, count, n_beams=200, max_length=limit)[0]
    assert [tuple(row) for row in found[:3]] == best


def log_probability(memory, count, ids, limit):
    """Log probability under the grammar, or None if the sequence is not well-formed."""
    state = GRAMMAR.start(count, limit)
    tokens = torch.tensor([[TOKENIZER.bos_id, *ids]])
    allowed = []
    for token in [*ids, TOKENIZER.eos_id]:
        allowed.append(GRAMMAR.allowed(state)[0])
        if not allowed[-1][token]:
            return None
        state = GRAMMAR.advance(state, torch.tensor([token]))
    with torch.inference_mode():
        logits = MODEL.decode(memory, tokens)[0]
    steps = logits.masked_fill(~torch.stack(allowed), float("-inf")).log_softmax(-1)
    return float(sum(step[token] for step, token in zip(steps, [*ids, TOKENIZER.eos_id], strict=True)))


@pytest.mark.parametrize(
    "options", [{"temperature": 0.0}, {"top_p": 0.0}, {"top_k": -1}, {"n_samples": 0}, {"max_length": 99}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=r"need|must be"):
        sample(MODEL, TOKENIZER, memory_of(1), torch.tensor([1]), **({"n_samples": 2} | options))
