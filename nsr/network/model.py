"""The encoder-decoder transformer: a set of points in, a sequence of tokens out.

Encoder: every point (its variables and its target) becomes one vector; a small set of learned latents
reads the points by cross-attention, so the cost is linear in the number of points and their order
does not matter (Set Transformer, arXiv:1810.00825; Perceiver, arXiv:2103.03206). Decoder: a pre-norm
causal transformer that attends to the latents, with a key-value cache for sampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nsr.network.config import ModelConfig

N_BITS = 32
N_SMOOTH = 4
CACHE_GROWTH = 16


@torch.no_grad()
def number_features(values: Tensor) -> Tensor:
    """What the encoder sees of each number: all its bits, and smooth views of its size.

    The bits keep float32's precision, which the smooth features alone would lose. Zero, and so an
    absent variable, has no features at all.

    Args:
        values: Float32 numbers, shape (...).

    Returns:
        Features, shape (..., N_BITS + N_SMOOTH), each of order one, in autocast's type if it is on.
    """
    dtype = _matmul_dtype(values)
    shifts = torch.arange(N_BITS, device=values.device, dtype=torch.int32)
    bits = (values.contiguous().view(torch.int32).unsqueeze(-1) >> shifts) & 1
    sign = torch.sign(values)
    log_size = torch.log(values.abs().clamp(1e-12, 1e12)) * sign.abs()
    smooth = torch.stack((torch.asinh(values), log_size / 3, torch.tanh(values / 3), sign), dim=-1)
    return torch.cat((smooth.to(dtype), bits.to(dtype)), dim=-1)


def _matmul_dtype(x: Tensor) -> torch.dtype:
    """The type in which x would enter a matrix product."""
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype


class Norm(nn.LayerNorm):
    """Layer norm whose result is cast once, where autocast would cast it for every matrix that reads it."""

    def forward(self, x: Tensor) -> Tensor:
        """Maps (..., d_model) to (..., d_model), in autocast's type if it is on."""
        return super().forward(x).to(_matmul_dtype(x))


class FeedForward(nn.Module):
    """Gated feed-forward layer (SwiGLU, arXiv:2002.05202)."""

    def __init__(self, d_model: int, d_ffn: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(d_model, 2 * d_ffn, bias=False)
        self.down = nn.Linear(d_ffn, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (..., d_model) to (..., d_model)."""
        # Two products over halves of one matrix: splitting the product of the whole makes the backward
        # pass join gradients as large as the hidden layer.
        gate, up = (F.linear(x, half) for half in self.gate_up.weight.chunk(2))
        result: Tensor = self.down(F.silu(gate) * up)
        return result


class Attention(nn.Module):
    """Multi-head attention of queries x to a context."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key_value = nn.Linear(d_model, 2 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)

    def keys_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a context (B, S, d_model), each (B, n_heads, S, d_head)."""
        keys, values = self.key_value(context).chunk(2, dim=-1)
        return self._split(keys), self._split(values)

    def attend(
        self, x: Tensor, keys: Tensor, values: Tensor, causal: bool = False, weights: Tensor | None = None
    ) -> Tensor:
        """Attends from x (B, T, d_model) to given keys and values, which may have weights (B, S)."""
        mixed: Tensor = _attention(self._split(self.query(x)), keys, values, causal, weights)
        result: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return result

    def forward(
        self, x: Tensor, context: Tensor, causal: bool = False, weights: Tensor | None = None
    ) -> Tensor:
        """Attends from x (B, T, d_model) to context (B, S, d_model), as `attend` does."""
        keys, values = self.keys_values(context)
        result: Tensor = self.attend(x, keys, values, causal, weights)
        return result

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        result: Tensor = x.view(batch, length, self.n_heads, width // self.n_heads).transpose(1, 2)
        return result


def _attention(queries: Tensor, keys: Tensor, values: Tensor, causal: bool, weights: Tensor | None) -> Tensor:
    """Scaled dot-product attention over (B, n_heads, length, d_head).

    A key of weight (B, length) two counts as if it were there twice, one of weight zero as if it were not.
    """
    if weights is None and (queries.device.type != "cpu" or not torch.is_grad_enabled()):
        return F.scaled_dot_product_attention(queries, keys, values, is_causal=causal)
    # On a CPU the fused kernel's backward pass takes several times as long as plain matrix products.
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-2, -1)
    if causal:
        ones = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(ones.triu(1), float("-inf"))
    if weights is not None:
        scores = scores + weights.log()[:, None, None]
    mixed: Tensor = scores.softmax(-1).to(values.dtype) @ values
    return mixed


class PointEmbedding(nn.Module):
    """One vector per point from the features of its variables and its targets."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        n_features = N_BITS + N_SMOOTH
        self.variables = nn.Parameter(torch.empty(config.d_model, config.max_variables * n_features))
        self.target = nn.Linear(config.n_targets * n_features, config.d_model)
        self.count = nn.Embedding(config.max_variables + 1, config.d_model)
        self.norm = Norm(config.d_model)
        self.feed_forward = FeedForward(config.d_model, config.d_ffn)

    def forward(self, X: Tensor, y: Tensor, n_variables: Tensor) -> Tensor:
        """Maps X (B, P, D), y (B, P) or (B, P, n_targets), n_variables (B,) to (B, P, d_model)."""
        targets = y.unsqueeze(-1) if y.dim() == 2 else y
        features = number_features(torch.cat((X, targets), dim=-1)).flatten(2)
        features = features.to(_matmul_dtype(self.variables))
        n_present = X.shape[-1] * (N_BITS + N_SMOOTH)
        weight = torch.cat((self.variables[:, :n_present], self.target.weight), dim=1)
        x = F.linear(features, weight, self.target.bias)
        x = x + self.count(n_variables)[:, None].to(x.dtype)
        result: Tensor = x + self.feed_forward(self.norm(x))
        return result


class EncoderLayer(nn.Module):
    """Latents read the points, exchange with each other, and think."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        d = config.d_model
        self.read_norm, self.mix_norm, self.ffn_norm = Norm(d), Norm(d), Norm(d)
        self.read = Attention(d, config.n_heads)
        self.mix = Attention(d, config.n_heads)
        self.feed_forward = FeedForward(d, config.d_ffn)

    def forward(self, latents: Tensor, points: Tensor, weights: Tensor | None = None) -> Tensor:
        """Maps latents (B, M, d_model) and normalised points (B, P, d_model) to new latents."""
        latents = latents + self.read(self.read_norm(latents), points, weights=weights)
        normed = self.mix_norm(latents)
        latents = latents + self.mix(normed, normed)
        result: Tensor = latents + self.feed_forward(self.ffn_norm(latents))
        return result


@dataclass
class Cache:
    """Keys and values of growing sequences: `n_rows` of them for each of B problems.

    Attributes:
        keys: Per layer, shape (B * n_rows, n_heads, capacity, d_head), of which `length` are filled;
            the capacity grows by `CACHE_GROWTH`, as most sequences end long before the limit.
        values: Like keys.
        memory: Per layer, keys and values of the memory, each (B, n_heads, M, d_head): computed
            once and read by all rows of a problem.
        length: Tokens seen so far.
    """

    keys: list[Tensor]
    values: list[Tensor]
    memory: list[tuple[Tensor, Tensor]]
    length: int = 0

    def select(self, rows: Tensor) -> None:
        """Keeps these rows (flat indices, equally many for each problem, grouped by problem)."""
        self.keys = [buffer.index_select(0, rows) for buffer in self.keys]
        self.values = [buffer.index_select(0, rows) for buffer in self.values]

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Adds one position to a layer; returns all its keys and values so far."""
        if self.length == self.keys[layer].shape[2]:
            self.keys[layer] = F.pad(self.keys[layer], (0, 0, 0, CACHE_GROWTH))
            self.values[layer] = F.pad(self.values[layer], (0, 0, 0, CACHE_GROWTH))
        stop = self.length + 1
        self.keys[layer][:, :, self.length : stop] = keys
        self.values[layer][:, :, self.length : stop] = values
        return self.keys[layer][:, :, :stop], self.values[layer][:, :, :stop]


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the memory, feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        d = config.d_model
        self.self_norm, self.cross_norm, self.ffn_norm = Norm(d), Norm(d), Norm(d)
        self.self_attention = Attention(d, config.n_heads)
        self.cross_attention = Attention(d, config.n_heads)
        self.feed_forward = FeedForward(d, config.d_ffn)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Maps x (B, L, d_model), with memory (B, M, d_model), to (B, L, d_model)."""
        normed = self.self_norm(x)
        x = x + self.self_attention(normed, normed, causal=True)
        x = x + self.cross_attention(self.cross_norm(x), memory)
        result: Tensor = x + self.feed_forward(self.ffn_norm(x))
        return result

    def step(self, x: Tensor, cache: Cache, layer: int) -> Tensor:
        """Maps the newest position x (B, n_rows, d_model) to the same shape."""
        rows = self.self_norm(x).flatten(0, 1).unsqueeze(1)
        keys, values = cache.append(layer, *self.self_attention.keys_values(rows))
        x = x + self.self_attention.attend(rows, keys, values).view_as(x)
        x = x + self.cross_attention.attend(self.cross_norm(x), *cache.memory[layer])
        result: Tensor = x + self.feed_forward(self.ffn_norm(x))
        return result


class Model(nn.Module):
    """The network; see the module's docstring."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        d = config.d_model
        self.points = PointEmbedding(config)
        self.point_norm = Norm(d)
        self.latents = nn.Parameter(torch.empty(config.n_latents, d))
        nn.init.normal_(self.latents, std=0.5)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.n_encoder_layers))
        self.memory_norm = Norm(d)
        self.tokens = nn.Embedding(config.vocab_size, d)
        self.positions = nn.Embedding(config.max_length, d)
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.n_decoder_layers))
        self.out_norm = Norm(d)
        self.head = nn.Linear(d, config.vocab_size, bias=False)
        self._initialise()

    def encode(self, X: Tensor, y: Tensor, n_variables: Tensor, weights: Tensor | None = None) -> Tensor:
        """Summarises sets of points.

        Args:
            X: Scaled variables (`nsr.data.scaling`), float32, shape (B, P, D), D <= max_variables.
            y: Scaled target, float32, shape (B, P), or several of them, shape (B, P, n_targets).
            n_variables: How many columns of X are real, shape (B,).
            weights: Of the points, shape (B, P): at 2 as if it were there twice, at 0 as if it were not; 1 by
                default.

        Returns:
            Memory, shape (B, n_latents, d_model).
        """
        points = self.point_norm(self.points(X, y, n_variables))
        latents = self.latents.expand(len(X), -1, -1)
        for layer in self.encoder:
            latents = layer(latents, points, weights)
        memory: Tensor = self.memory_norm(latents)
        return memory

    def decode(self, memory: Tensor, tokens: Tensor) -> Tensor:
        """Logits (B, L, vocab_size) of the token after each of tokens (B, L), which start with bos."""
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.tokens(tokens) + self.positions(positions)
        for layer in self.decoder:
            x = layer(x, memory)
        logits: Tensor = self.head(self.out_norm(x))
        return logits

    def forward(self, X: Tensor, y: Tensor, n_variables: Tensor, tokens: Tensor) -> Tensor:
        """Teacher-forced logits; see `encode` and `decode`."""
        return self.decode(self.encode(X, y, n_variables), tokens)

    def start_cache(self, memory: Tensor, n_rows: int) -> Cache:
        """A cache for `n_rows` sequences of each problem in memory (B, M, d_model)."""
        config = self.config
        shape = (len(memory) * n_rows, config.n_heads, CACHE_GROWTH, config.d_model // config.n_heads)
        return Cache(
            keys=[memory.new_empty(shape) for _ in self.decoder],
            values=[memory.new_empty(shape) for _ in self.decoder],
            memory=[layer.cross_attention.keys_values(memory) for layer in self._decoder_layers()],
        )

    def step(self, tokens: Tensor, cache: Cache) -> Tensor:
        """Advances every sequence by one token.

        Args:
            tokens: The newest token of each sequence, shape (B, n_rows).
            cache: Advanced in place.

        Returns:
            Logits of the next token, shape (B, n_rows, vocab_size).
        """
        x = self.tokens(tokens) + self.positions.weight[cache.length]
        for i, layer in enumerate(self._decoder_layers()):
            x = layer.step(x, cache, i)
        cache.length += 1
        logits: Tensor = self.head(self.out_norm(x))
        return logits

    def _decoder_layers(self) -> list[DecoderLayer]:
        return cast("list[DecoderLayer]", list(self.decoder))

    def _initialise(self) -> None:
        """Normal weights; what writes into the residual stream shrinks with depth (GPT-2)."""
        depth = 2 * self.config.n_encoder_layers + 3 * self.config.n_decoder_layers
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2 or name == "latents":
                continue
            if name.endswith(("out.weight", "down.weight")):
                nn.init.normal_(parameter, std=1 / math.sqrt(parameter.shape[1] * depth))
            elif isinstance(parameter, nn.Parameter) and name.startswith(("tokens", "positions")):
                nn.init.normal_(parameter, std=0.5)
            else:
                nn.init.normal_(parameter, std=1 / math.sqrt(parameter.shape[1]))
        nn.init.normal_(self.head.weight, std=0.02)


class _Undrawn(TorchFunctionMode):
    """Draws no random numbers: on the device meta, PyTorch would load its compiler to draw none either."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        if func in (nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_):
            return args[0] if args else options["tensor"]
        return func(*args, **options)


def without_weights(config: ModelConfig) -> Model:
    """A network whose weights take no memory and no random numbers, as they are about to be assigned."""
    with torch.device("meta"), _Undrawn():
        return Model(config)
