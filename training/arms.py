"""The arms of the ablations: what each decides, and what it changes.

What an arm changes is not an option of the real code: variants that lost live on here only, as patches.
`training.ablations` trains and measures them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from generators import equations
from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.functions import FunctionConfig
from generators.supports import Supports
from generators.systems import SystemConfig
from nsr.expressions.expression import PLACEHOLDER, Expression, variable
from nsr.expressions.simplify import length, simplify, strip_scale
from nsr.network import model as network
from nsr.network import p10
from nsr.network.tokenizer import Tokenizer
from nsr.ode.slopes import Slopes, local_slopes
from training.development import DevelopmentConfig
from training.module import OptimizerConfig
from training.schedule import Schedule
from training.stream import Batch, StreamConfig

# As many as development problems show.
_MAX_POINTS = DevelopmentConfig().n_points
# Powers of ten that digit_features tells apart.
_EXPONENTS = 13
N_DIGIT_FEATURES = 3 * 10 + _EXPONENTS + 1

_NUMBER_FEATURES = network.number_features

Doubles = NDArray[np.float64]
# Of a batch and how many of its points are seen.
BatchMap = Callable[[Batch, int], Batch]


def _as_it_is(batch: Batch, n_seen: int) -> Batch:  # noqa: ARG001 (like other views)
    return batch


@dataclass(frozen=True)
class Arm:
    """A variant.

    Attributes:
        question: What it decides.
        functions: The prior it trains on.
        stream: How its stream is drawn.
        systems: The prior over systems, where it trains on these instead.
        network: What differs in the network's shape.
        optimizer: How it is optimised.
        schedule: The learning rate over the budget.
        rows: What of systems is seen, in training and in development problems.
        patches: Give the context managers in which it is trained and measured.
        view: What is done to development problems before the network and the refinement see them.
        seed: Of weights and stream.
        asks_rescaled: Whether it is asked for equations in other units as well.
    """

    question: str
    functions: FunctionConfig = field(default_factory=lambda: FunctionConfig(max_points=_MAX_POINTS))
    stream: StreamConfig = field(default_factory=lambda: StreamConfig(n_workers=0))
    systems: SystemConfig | None = None
    network: dict[str, int] = field(default_factory=dict)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: Schedule = field(default_factory=lambda: Schedule(warmup_steps=200))
    rows: Callable[..., Slopes] = local_slopes
    patches: tuple[Callable[[], Any], ...] = ()
    view: BatchMap = _as_it_is
    seed: int = 0
    asks_rescaled: bool = False


def whitened(X: Tensor, n_seen: int) -> Tensor:
    """Columns (B, P, D) with mean 0 and deviation 1 over the first points; absent ones stay zero."""
    seen = X[:, :n_seen]
    deviation = seen.std(dim=1, keepdim=True)
    return torch.where(deviation > 0, (X - seen.mean(dim=1, keepdim=True)) / deviation, 0.0)


def _whitened_draw(draw: Callable[..., NDArray[np.float32]]) -> Callable[..., NDArray[np.float32]]:
    def standardised(*arguments: Any) -> NDArray[np.float32]:
        points = torch.from_numpy(draw(*arguments)).transpose(1, 2)
        return np.ascontiguousarray(whitened(points, points.shape[1]).transpose(1, 2).numpy())

    return standardised


def _whitened_view(batch: Batch, n_seen: int) -> Batch:
    return {**batch, "X": whitened(batch["X"], n_seen)}


def digit_features(values: Tensor) -> Tensor:
    """The smooth views of `number_features` with P10's sign, digits and exponent, one-hot, for the bits.

    Args:
        values: Float32 numbers, shape (...).

    Returns:
        Features, shape (..., N_DIGIT_FEATURES + N_SMOOTH); those of zero are zero.
    """
    smooth = _NUMBER_FEATURES(values)[..., : network.N_SMOOTH]
    size = values.abs().double().clamp(1e-12, 1e12)
    exponent = torch.floor(torch.log10(size))
    mantissa = torch.round(size * 10.0 ** (p10.N_DIGITS - 1 - exponent)).long().clamp(100, 999)
    places = [mantissa // 100, mantissa // 10 % 10, mantissa % 10]
    shifted = (exponent.long() + _EXPONENTS // 2).clamp(0, _EXPONENTS - 1)
    parts = [torch.nn.functional.one_hot(place, 10) for place in places]
    parts += [torch.nn.functional.one_hot(shifted, _EXPONENTS), (values < 0).long().unsqueeze(-1)]
    present = (values != 0).unsqueeze(-1)
    return torch.cat((smooth, torch.cat(parts, dim=-1).to(smooth.dtype) * present), dim=-1)


@contextmanager
def _targets(change: Callable[[Expression], Expression]) -> Iterator[None]:
    """Equations are changed before they become tokens; the data stay as they are."""
    encode = Tokenizer.encode
    with patch.object(Tokenizer, "encode", lambda self, expression: encode(self, change(expression))):
        yield


def _unvalued(expression: Expression) -> Expression:
    """Every free constant reads 1, which tells the network nothing: a placeholder."""
    return expression.with_constants([1.0] * len(expression.constants))


def _one_digit(expression: Expression) -> Expression:
    return expression.with_constants([float(f"{value:.0e}") for value in expression.constants])


@contextmanager
def _digits(n: int) -> Iterator[None]:
    """Constants of n digits, in the data and in the targets."""
    with ExitStack() as stack:
        for name, value in (("N_DIGITS", n), ("TOKENS_PER_NUMBER", n + 2)):
            stack.enter_context(patch.object(p10, name, value))
        stack.enter_context(patch("nsr.expressions.simplify._CONSTANT_LENGTH", n + 2))
        stack.enter_context(patch("nsr.network.grammar._EXPONENT_PHASE", n + 1))
        yield


def _raw_sample(self: ExpressionSampler) -> Expression:
    """A skeleton as it was drawn, not simplified."""
    while True:
        drawn = _without_scale(self.draw())
        used = drawn.variables
        renumbered = drawn.substitute({old: variable(new) for new, old in enumerate(used)})
        acceptable = self._is_acceptable(strip_scale(simplify(renumbered)))
        if acceptable and length(renumbered) <= self.config.max_length:
            return renumbered


def _without_scale(skeleton: Expression) -> Expression:
    """The skeleton without a constant factor in front."""
    tokens = skeleton.tokens
    while tokens[:2] == ("mul", PLACEHOLDER):
        tokens = tokens[2:]
    return Expression(tokens)


def _points(times: Doubles, states: Doubles, n_rows: int, rng: np.random.Generator) -> Slopes:
    """Observations as they are, with their times in the place of widths and nothing for slopes."""
    chosen = rng.integers(0, times.shape[1], (len(times), n_rows))
    rows = np.arange(len(times))[:, None]
    seen = states[rows, chosen]
    return Slopes(seen, np.zeros_like(seen), (times / times[:, -1:])[rows, chosen])


def _narrow(times: Doubles, states: Doubles, n_rows: int, rng: np.random.Generator) -> Slopes:
    """Slopes of the narrowest windows alone: transitions from one observation to the next."""
    with patch("nsr.ode.slopes._WIDEST", 1):
        return local_slopes(times, states, n_rows, rng)


def _adamw(
    model: nn.Module,
    hidden: tuple[type[nn.Module], ...],  # noqa: ARG001 (like muon_and_adamw)
    *,
    lr: float,
    betas: tuple[float, float],
    momentum: float,  # noqa: ARG001
    weight_decay: float,
) -> torch.optim.AdamW:
    """AdamW for all parameters."""
    groups = [
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=betas, fused=True)


def _same(expression: Expression) -> Expression:
    return expression


def prior(**changes: Any) -> FunctionConfig:
    """The default prior over functions with other settings for expressions."""
    return FunctionConfig(expressions=replace(ExpressionConfig(), **changes), max_points=_MAX_POINTS)


ARMS: dict[str, Arm] = {
    "default": Arm("what the others are compared with", asks_rescaled=True),
    "default_again": Arm("how much chance moves the figures: another seed", seed=1),
    "reuse": Arm("problems from one equation: 1 or 16", stream=StreamConfig(n_workers=0, reuse=16)),
    "whitened": Arm(
        "variables: scale only, or whitened",
        patches=(partial(patch.object, Supports, "draw", _whitened_draw(Supports.draw)),),
        view=_whitened_view,
    ),
    "digit_inputs": Arm(
        "encoder's inputs: float bits or P10 digits",
        patches=(
            partial(patch.object, network, "number_features", digit_features),
            partial(patch.object, network, "N_BITS", N_DIGIT_FEATURES),
        ),
    ),
    "one_digit": Arm("digits of constants in targets: 3 or 1", patches=(partial(_targets, _one_digit),)),
    "five_digits": Arm("digits of constants in targets: 3 or 5", patches=(partial(_digits, 5),)),
    "placeholder": Arm(
        "constants in targets: digits or a placeholder", patches=(partial(_targets, _unvalued),)
    ),
    "raw": Arm(
        "targets: simplified or as drawn",
        patches=(
            partial(patch.object, ExpressionSampler, "sample", _raw_sample),
            partial(patch.object, equations, "simplify", _same),
            partial(patch.object, equations, "strip_scale", _same),
        ),
    ),
    "generic_only": Arm("share of the physics prior: 0.65 or 0", functions=prior(physics_share=0.0)),
    "physics_only": Arm("share of the physics prior: 0.65 or 1", functions=prior(physics_share=1.0)),
    "no_noise": Arm(
        "share of noisy problems: 0.5 or 0", functions=FunctionConfig(max_points=_MAX_POINTS, noise_share=0.0)
    ),
    "adamw": Arm(
        "optimiser of the hidden matrices: Muon or AdamW",
        patches=(partial(patch, "training.module.muon_and_adamw", _adamw),),
    ),
    "fast": Arm("learning rate: 2e-3 or 6e-3", optimizer=OptimizerConfig(lr=6e-3)),
    "linear_decay": Arm(
        "averaged weights, or a rate that falls to zero over the last three tenths",
        optimizer=OptimizerConfig(average_decay=0.0),
        schedule=Schedule(warmup_steps=200, decay_share=0.3),
    ),
    "one_head": Arm("heads: three of 32 or one of 96", network={"n_heads": 1}),
    "wide": Arm(
        "depth against width: 96 wide and 2 + 2 layers, or 120 and 1 + 1",
        network={
            "d_model": 120,
            "n_heads": 4,
            "d_ffn": 280,
            "n_encoder_layers": 1,
            "n_decoder_layers": 1,
        },
    ),
    "deep": Arm(
        "depth against width: 96 wide and 2 + 2 layers, or 72 and 3 + 4",
        network={"d_model": 72, "d_ffn": 168, "n_encoder_layers": 3, "n_decoder_layers": 4},
    ),
    "small_batches": Arm("batch size: 128 or 64", stream=StreamConfig(batch_size=64, n_workers=0)),
    "large_batches": Arm("batch size: 128 or 256", stream=StreamConfig(batch_size=256, n_workers=0)),
    "few_points": Arm("most points in training: 200 or 64", functions=FunctionConfig(max_points=64)),
    "few_latents": Arm("latents: 16 or 8", network={"n_latents": 8}),
    "rescaled": Arm(
        "share of equations in other units: 0 or 0.2",
        functions=prior(rescaled_share=0.2),
        asks_rescaled=True,
    ),
    "systems": Arm("systems seen as slopes over windows of many widths", systems=SystemConfig()),
    "systems_narrow": Arm(
        "systems seen as transitions: slopes over the narrowest windows",
        systems=SystemConfig(),
        rows=_narrow,
    ),
    "systems_points": Arm(
        "systems seen as points: times and states",
        systems=SystemConfig(),
        rows=_points,
    ),
}
