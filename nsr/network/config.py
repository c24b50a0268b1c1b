"""The shape of the network, apart from the network: reading a checkpoint's shape needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the network; the defaults have about 3.2 million parameters.

    Attributes:
        vocab_size: Number of tokens.
        max_variables: Variables the encoder takes; data with fewer are padded with absent ones.
        d_model: Width.
        n_heads: Attention heads, in encoder and decoder.
        n_encoder_layers: Rounds of reading the points and exchanging between latents.
        n_decoder_layers: Decoder layers.
        d_ffn: Hidden width of the gated feed-forward layers.
        n_latents: Vectors that summarise the points.
        max_length: Longest sequence, bos included.
        n_targets: Numbers that each point has beside its variables.
    """

    vocab_size: int
    max_variables: int = 10
    d_model: int = 192
    n_heads: int = 6
    n_encoder_layers: int = 2
    n_decoder_layers: int = 3
    d_ffn: int = 448
    n_latents: int = 32
    max_length: int = 64
    n_targets: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"{field.name} must be at least 1, not {getattr(self, field.name)}")
        if self.d_model % self.n_heads:
            raise ValueError(f"d_model {self.d_model} must be a multiple of n_heads {self.n_heads}")
