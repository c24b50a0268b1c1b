"""Floating-point operations of the network, counted from its shape."""

from __future__ import annotations

from nsr.network.config import ModelConfig
from nsr.network.model import N_BITS, N_SMOOTH


def forward_flops(config: ModelConfig, n_points: int, n_variables: int, n_tokens: int) -> float:
    """Operations of one problem's forward pass, two for each multiply-add of a matrix product.

    Args:
        config: Shape of the network.
        n_points: Support points.
        n_variables: Columns of the table.
        n_tokens: Length of the token sequence.
    """
    d, f, m, p, t = config.d_model, config.d_ffn, config.n_latents, n_points, n_tokens
    embedding = p * (n_variables + 1) * (N_BITS + N_SMOOTH) * d + 3 * p * d * f
    read = (2 * m + 2 * p) * d**2 + 2 * m * p * d
    mix = 4 * m * d**2 + 2 * m**2 * d
    encoder = config.n_encoder_layers * (read + mix + 3 * m * d * f)
    self_attention = 4 * t * d**2 + 2 * t**2 * d
    cross_attention = (2 * t + 2 * m) * d**2 + 2 * t * m * d
    decoder = config.n_decoder_layers * (self_attention + cross_attention + 3 * t * d * f)
    return 2.0 * (embedding + encoder + decoder + t * d * config.vocab_size)


def training_flops(config: ModelConfig, n_points: int, n_variables: int, n_tokens: int) -> float:
    """Operations of one problem's training step: the backward pass costs two forward passes."""
    return 3 * forward_flops(config, n_points, n_variables, n_tokens)
