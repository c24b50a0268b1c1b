"""Cross-entropy of the tokens, in all and by kind of token."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsr.network.tokenizer import TOKEN_KINDS, Tokenizer


@dataclass(frozen=True)
class Losses:
    """Losses of one batch, on its device.

    Attributes:
        mean: Mean over all tokens in nats, a scalar to descend.
        sums: Nats of each kind of token in the order of `TOKEN_KINDS`, without gradient.
        counts: Tokens of each kind.
    """

    mean: Tensor
    sums: Tensor
    counts: Tensor


class TokenLoss(nn.Module):
    """Compares logits with the tokens that should have come.

    Args:
        tokenizer: Tells padding and the kinds of tokens.
    """

    kinds: Tensor

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.pad_id = tokenizer.pad_id
        kinds = torch.tensor([TOKEN_KINDS.index(kind) for kind in tokenizer.kinds])
        self.register_buffer("kinds", kinds, persistent=False)

    def forward(self, logits: Tensor, targets: Tensor) -> Losses:
        """Losses of logits (B, L, vocab_size) for targets (B, L), of which padding does not count."""
        flat = targets.flatten()
        nats = F.cross_entropy(logits.flatten(0, 1).float(), flat, ignore_index=self.pad_id, reduction="none")
        real = (flat != self.pad_id).float()
        zeros = nats.new_zeros(len(TOKEN_KINDS))
        kinds = self.kinds[flat]
        sums = zeros.index_add(0, kinds, nats.detach())
        return Losses(nats.sum() / real.sum(), sums, zeros.index_add(0, kinds, real))


def mean_by_kind(sums: Tensor, counts: Tensor) -> dict[str, float]:
    """Nats per token of each kind of which there are any, by kind; waits for the device."""
    pairs = zip(TOKEN_KINDS, sums.tolist(), counts.tolist(), strict=True)
    return {kind: nats / count for kind, nats, count in pairs if count}
