"""The loss and its split by kind of token, against a loop over tokens."""

import math

import pytest
import torch

from nsr.network.tokenizer import TOKEN_KINDS, Tokenizer
from training.loss import TokenLoss, mean_by_kind

TOKENIZER = Tokenizer()
TARGETS = [["add", "x_0", "+", "3", "1", "4", "E-2", "<eos>"], ["sin", "x_3", "<eos>"] + 5 * ["<pad>"]]
KINDS = [
    ["structure", "variable", "number", "number", "number", "number", "number", "structure"],
    ["structure", "variable", "structure"],
]


def test_kinds_sum_to_the_whole_and_padding_counts_nowhere():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 8, TOKENIZER.vocab_size, generator=generator, requires_grad=True)
    targets = torch.tensor([[TOKENIZER.ids[word] for word in row] for row in TARGETS])
    losses = TokenLoss(TOKENIZER)(logits, targets)
    expected = {kind: [] for kind in TOKEN_KINDS}
    for row, kinds in enumerate(KINDS):
        for place, kind in enumerate(kinds):
            scores = logits[row, place].tolist()
            total = math.log(sum(math.exp(score) for score in scores))
            expected[kind].append(total - scores[targets[row, place]])
    every = [nats for kind in TOKEN_KINDS for nats in expected[kind]]
    assert losses.mean.item() == pytest.approx(sum(every) / len(every), rel=1e-5)
    assert losses.counts.tolist() == [len(expected[kind]) for kind in TOKEN_KINDS] == [4, 2, 5]
    means = {kind: pytest.approx(sum(nats) / len(nats), rel=1e-5) for kind, nats in expected.items()}
    assert mean_by_kind(losses.sums, losses.counts) == means
    losses.mean.backward()
    assert torch.all(logits.grad[1, 3:] == 0)
    assert not losses.sums.requires_grad


def test_a_kind_without_tokens_has_no_mean():
    means = mean_by_kind(torch.tensor([6.0, 0.0, 1.0]), torch.tensor([3.0, 0.0, 1.0]))
    assert means == {"structure": 2.0, "number": 1.0}
