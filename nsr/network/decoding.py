"""Grammar-constrained sampling with a key-value cache; without repeats, see `nsr.network.beams`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from nsr.clock import Clock
from nsr.expressions.operator_set import ALL_OPERATORS, OperatorSet
from nsr.network.grammar import Grammar
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer

# Rows of finished sequences are dropped when this share of the batch is done: dropping copies.
_COMPACT_SHARE = 0.2

# Seconds of work for one step of the decoder, and for a parameter and a row of it.
_SECONDS_A_STEP, _SECONDS_A_PARAMETER = 7.5e-4, 1e-11

# Rows decoded at once, which bounds the cache: 4,096 rows of the default network take up to 1.2 GB.
_MAX_ROWS = 4096


@torch.inference_mode()
def sample(
    model: Model,
    tokenizer: Tokenizer,
    memory: Tensor,
    n_variables: Tensor,
    *,
    n_samples: int,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    max_length: int | None = None,
    generator: torch.Generator | None = None,
    n_components: Tensor | None = None,
    operators: OperatorSet = ALL_OPERATORS,
    clock: Clock = Clock(),
) -> list[list[list[int]]]:
    """Samples well-formed expressions, or systems of them, for each problem.

    Args:
        model: The network.
        tokenizer: Its vocabulary.
        memory: Encoded problems, shape (B, M, d_model).
        n_variables: Variables of each problem, shape (B,).
        n_samples: Sequences drawn per problem.
        temperature: Divides the logits; near 0 is greedy.
        top_k: Keep only the k likeliest tokens at each step; 0 keeps all.
        top_p: Keep only the likeliest tokens that together have this probability.
        max_length: Longest sequence without bos and eos; the model's longest by default.
        generator: Source of randomness, on the model's device.
        n_components: Components of each problem's system, shape (B,); one by default.
        operators: Which of them may be written.
        clock: Sequences that have not ended when it is over are left out; is told of the work.

    Returns:
        Per problem, the distinct sequences as token ids without bos and eos, the most frequent first.

    Raises:
        ValueError: If an option is out of its range.
    """
    if not temperature > 0 or not 0 < top_p <= 1 or top_k < 0 or n_samples < 1:
        raise ValueError("need temperature > 0, 0 < top_p <= 1, top_k >= 0 and n_samples >= 1")
    limit = length_limit(model, max_length)
    grammar = Grammar(tokenizer, memory.device, operators)
    counts: list[Counter[tuple[int, ...]]] = [Counter() for _ in memory]
    most = max(1, _MAX_ROWS // max(1, len(memory)))
    for start in range(0, n_samples, most):
        if clock.is_over:
            break
        n_rows = min(most, n_samples - start)
        choose = partial(_draw, temperature=temperature, top_k=top_k, top_p=top_p, generator=generator)
        sequences = _grow(model, grammar, memory, n_variables, n_components, n_rows, limit, choose, clock)
        for count, rows in zip(counts, sequences.tolist(), strict=True):
            count.update(tuple(row[: row.index(grammar.eos_id)]) for row in rows if row[0] != grammar.eos_id)
    return [[list(sequence) for sequence, _ in count.most_common()] for count in counts]


def _grow(
    model: Model,
    grammar: Grammar,
    memory: Tensor,
    n_variables: Tensor,
    n_components: Tensor | None,
    n_rows: int,
    limit: int,
    choose: Callable[[Tensor], Tensor],
    clock: Clock,
) -> Tensor:
    """Grows `n_rows` sequences of each problem to their ends, each next token chosen from its logits.

    Returns:
        Token ids without bos, padded with eos, shape (B, n_rows, limit + 1); nothing but eos where a
        sequence has not ended in time.
    """
    n_problems = len(memory)
    shape = (n_problems, n_rows, limit + 1)
    cache = model.start_cache(memory, n_rows)
    each = None if n_components is None else n_components.repeat_interleave(n_rows)
    state = grammar.start(n_variables.repeat_interleave(n_rows), limit, each)
    owner = torch.arange(n_problems * n_rows, device=memory.device)  # rows' places in the result
    tokens = torch.full((n_problems * n_rows,), grammar.bos_id, device=memory.device)
    sequences = torch.full((n_problems * n_rows, limit + 1), grammar.eos_id, device=memory.device)
    done = torch.zeros(n_problems * n_rows, dtype=torch.bool, device=memory.device)
    for position in range(limit + 1):
        clock.spend(step_work(model, len(tokens)))
        logits = model.step(tokens.view(n_problems, n_rows), cache).flatten(0, 1).float()
        tokens = choose(logits.masked_fill(~grammar.allowed(state), float("-inf")))
        sequences[owner, position] = tokens
        state = grammar.advance(state, tokens)
        done = done | (tokens == grammar.eos_id)
        if bool(done.all()):
            break
        if clock.is_over:
            sequences[owner[~done]] = grammar.eos_id
            break
        keep = _unfinished(done.view(n_problems, n_rows))
        if keep.shape[1] < (1 - _COMPACT_SHARE) * n_rows:
            n_rows = keep.shape[1]
            rows = keep.flatten()
            cache.select(rows)
            state, owner, tokens, done = state.select(rows), owner[rows], tokens[rows], done[rows]
    return sequences.view(shape)


def length_limit(model: Model, max_length: int | None) -> int:
    """Tokens of a sequence at most, bos and eos not counted.

    Raises:
        ValueError: If more, or none, are asked for.
    """
    longest = model.config.max_length - 1
    if max_length is None:
        return longest
    if not 1 <= max_length <= longest:
        raise ValueError(f"max_length {max_length} must be between 1 and the model's {longest}")
    return max_length


def step_work(model: Model, n_rows: int) -> float:
    """Seconds of work for one more token of some sequences."""
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    return _SECONDS_A_STEP + _SECONDS_A_PARAMETER * n_parameters * n_rows


def _truncated(logits: Tensor, top_k: int, top_p: float) -> Tensor:
    """Logits with everything outside the top k and the nucleus p at minus infinity."""
    if top_k:
        least = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    if top_p < 1:
        ordered, order = logits.sort(descending=True)
        probabilities = ordered.softmax(-1)
        outside = probabilities.cumsum(-1) - probabilities >= top_p
        logits = logits.masked_fill(outside.scatter(1, order, outside), float("-inf"))
    return logits


def _draw(
    logits: Tensor, *, temperature: float, top_k: int, top_p: float, generator: torch.Generator | None
) -> Tensor:
    probabilities = _truncated(logits / temperature, top_k, top_p).softmax(-1)
    return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)


def _unfinished(done: Tensor) -> Tensor:
    """Flat indices (B, n) of the unfinished rows of done (B, n_rows), padded with finished ones.

    Every problem keeps equally many rows, as many as the problem with most unfinished ones needs.
    """
    n_problems, n_rows = done.shape
    n_keep = int((~done).sum(1).max())
    order = done.long().argsort(dim=1, stable=True)[:, :n_keep]
    return order + n_rows * torch.arange(n_problems, device=done.device)[:, None]
