"""Sampling without replacement: as many different forms as are asked for, the likely ones most surely.

Stochastic beam search (Kool, van Hoof and Welling, "Stochastic beams and where to find them", ICML 2019,
arXiv:1903.06059): the k sequences whose logarithms of probability, each with a Gumbel variable added, are the
largest are a sample without replacement, and they are found by a beam search, since what is added to a
sequence's beginning is the largest of what is added to its continuations. Of 1,024 sequences sampled one by
one, half and more are repeats where the network is sure of itself, and there it may be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nsr.clock import Clock
from nsr.expressions.operator_set import ALL_OPERATORS, OperatorSet
from nsr.network.decoding import length_limit, step_work
from nsr.network.grammar import Grammar, State
from nsr.network.model import Cache, Model
from nsr.network.tokenizer import Tokenizer

_NEVER = float("-inf")


@dataclass
class _Beams:
    """Beginnings of sequences, n of them for each of B problems; some may be there to fill a rectangle.

    Attributes:
        tokens: The newest of each, shape (B, n).
        sequences: All of each but bos, shape (B, n, L).
        log_probability: Of each, shape (B, n).
        perturbed: The same with Gumbel noise, shape (B, n); minus infinity for those that fill.
        state: What the grammar knows of them, shape (B * n,).
        cache: What the network knows of them.
    """

    tokens: Tensor
    sequences: Tensor
    log_probability: Tensor
    perturbed: Tensor
    state: State
    cache: Cache


@dataclass(frozen=True)
class _Children:
    """Each beam with each token after it.

    Attributes:
        allowed: Which tokens may follow, shape (B, n, vocab_size).
        log_probability: Shape (B, n, vocab_size).
        perturbed: Shape (B, n, vocab_size); minus infinity for what cannot be.
    """

    allowed: Tensor
    log_probability: Tensor
    perturbed: Tensor


@torch.inference_mode()
def sample_distinct(
    model: Model,
    tokenizer: Tokenizer,
    memory: Tensor,
    n_variables: Tensor,
    *,
    n_samples: int,
    temperature: float = 1.0,
    max_length: int | None = None,
    generator: torch.Generator | None = None,
    n_components: Tensor | None = None,
    operators: OperatorSet = ALL_OPERATORS,
    clock: Clock = Clock(),
) -> list[list[list[int]]]:
    """Samples well-formed expressions, or systems of them, no two alike.

    Digits and exponents of numbers are not sampled but the likeliest: forms that differ in constants alone
    are the same to whoever fits these.

    Args:
        model: The network.
        tokenizer: Its vocabulary.
        memory: Encoded problems, shape (B, M, d_model).
        n_variables: Variables of each problem, shape (B,).
        n_samples: Sequences for each problem; fewer come back where there are no more.
        temperature: Divides the logits; higher is more varied.
        max_length: Longest sequence without bos and eos; the model's longest by default.
        generator: Source of randomness, on the model's device.
        n_components: Components of each problem's system, shape (B,); one by default.
        operators: Which of them may be written.
        clock: Sequences that have not ended when it is over are left out; is told of the work.

    Returns:
        Per problem, sequences as token ids without bos and eos, the likeliest first.

    Raises:
        ValueError: If an option is out of its range.
    """
    if not temperature > 0 or n_samples < 1:
        raise ValueError("need temperature > 0 and n_samples >= 1")
    limit = length_limit(model, max_length)
    grammar = Grammar(tokenizer, memory.device, operators)
    beams = _first(model, grammar, memory, n_variables, n_components, limit)
    ended = torch.empty((len(memory), 0), device=memory.device)  # perturbed, the largest of each problem
    found: list[list[tuple[float, float, list[int]]]] = [[] for _ in memory]
    for _ in range(limit + 1):
        clock.spend(step_work(model, beams.tokens.numel()))
        logits = model.step(beams.tokens, beams.cache).float() / temperature
        children = _children(logits, beams, grammar, generator)
        ending = children.perturbed[..., grammar.eos_id]
        ended = _largest(torch.cat((ended, ending), dim=1), n_samples)
        going_on = _without(children.perturbed, grammar.eos_id).flatten(1)
        least = _largest(torch.cat((ended, going_on), dim=1), n_samples)[:, -1:]
        _note(found, beams, children, ending, least, grammar.eos_id)
        going_on = going_on.masked_fill(going_on < least, _NEVER)
        n_rows = int(torch.isfinite(going_on).sum(1).max())
        if n_rows == 0 or clock.is_over:
            break
        _advance(beams, children, grammar, *going_on.topk(n_rows))
    kept = [sorted(own, reverse=True)[:n_samples] for own in found]
    return [[ids for _, _, ids in sorted(own, key=lambda one: (-one[1], one[2]))] for own in kept]


def _first(
    model: Model,
    grammar: Grammar,
    memory: Tensor,
    n_variables: Tensor,
    n_components: Tensor | None,
    limit: int,
) -> _Beams:
    shape = (len(memory), 1)
    zeros = torch.zeros(shape, device=memory.device)
    return _Beams(
        tokens=torch.full(shape, grammar.bos_id, device=memory.device),
        sequences=torch.empty((*shape, 0), dtype=torch.long, device=memory.device),
        log_probability=zeros,
        perturbed=zeros,
        state=grammar.start(n_variables, limit, n_components),
        cache=model.start_cache(memory, 1),
    )


def _children(
    logits: Tensor, beams: _Beams, grammar: Grammar, generator: torch.Generator | None
) -> _Children:
    allowed = grammar.allowed(beams.state).view(logits.shape)
    steps = logits.masked_fill(~allowed, _NEVER).log_softmax(-1)
    likeliest = torch.full_like(steps, _NEVER).scatter_(2, steps.argmax(-1, keepdim=True), 0.0)
    is_in_number = (beams.state.phase > 0).view(beams.tokens.shape)
    steps = torch.where(is_in_number[..., None], likeliest, steps)
    log_probability = beams.log_probability[..., None] + steps
    gumbel = -torch.empty_like(log_probability).exponential_(generator=generator).log()
    perturbed = _conditioned(log_probability + gumbel, beams.perturbed[..., None])
    is_possible = allowed & torch.isfinite(log_probability) & torch.isfinite(beams.perturbed)[..., None]
    return _Children(allowed, log_probability, torch.where(is_possible, perturbed, _NEVER))


def _conditioned(perturbed: Tensor, largest: Tensor) -> Tensor:
    """Gumbel variables given that the largest of each row is `largest` (Kool et al., appendix B.3)."""
    own_largest = perturbed.max(dim=-1, keepdim=True).values
    difference = largest - perturbed + torch.log1p(-(perturbed - own_largest).exp())
    return largest - difference.clamp(min=0) - torch.log1p((-difference.abs()).exp())


def _largest(values: Tensor, n: int) -> Tensor:
    """The n largest values of each row, in falling order; all where there are fewer."""
    return values.topk(min(n, values.shape[1])).values


def _without(perturbed: Tensor, token: int) -> Tensor:
    others = perturbed.clone()
    others[..., token] = _NEVER
    return others


def _note(
    found: list[list[tuple[float, float, list[int]]]],
    beams: _Beams,
    children: _Children,
    ending: Tensor,
    least: Tensor,
    eos_id: int,
) -> None:
    """Takes in the sequences that end here and are among the largest so far."""
    problems, rows = torch.nonzero(torch.isfinite(ending) & (ending >= least), as_tuple=True)
    perturbed = ending[problems, rows].tolist()
    log_probability = children.log_probability[problems, rows, eos_id].tolist()
    sequences = beams.sequences[problems, rows].tolist()
    for problem, *own in zip(problems.tolist(), perturbed, log_probability, sequences, strict=True):
        found[problem].append((own[0], own[1], own[2]))


def _advance(beams: _Beams, children: _Children, grammar: Grammar, perturbed: Tensor, places: Tensor) -> None:
    """Goes on with some children.

    Args:
        beams: What they come of; changed.
        children: All of them.
        grammar: Of the sequences.
        perturbed: Those of the chosen ones, shape (B, n); minus infinity where a rectangle is to be filled.
        places: Which they are, counting through tokens first and then beams; shape (B, n).
    """
    n_problems, n_before, n_tokens = children.perturbed.shape
    is_there = torch.isfinite(perturbed)
    parents, tokens = places // n_tokens, places % n_tokens
    own = torch.arange(n_problems, device=places.device)[:, None]
    tokens = torch.where(is_there, tokens, children.allowed[own, parents].long().argmax(-1))
    rows = (parents + n_before * own).flatten()
    beams.cache.select(rows)
    beams.state = grammar.advance(beams.state.select(rows), tokens.flatten())
    beams.sequences = torch.cat((beams.sequences[own, parents], tokens[..., None]), dim=2)
    beams.log_probability = children.log_probability[own, parents, tokens].masked_fill(~is_there, _NEVER)
    beams.perturbed, beams.tokens = perturbed, tokens
