"""Piecewise and special operators on tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsr.expressions.bessel_series import (
    BEYOND,
    NEAR_0,
    NEAR_1,
    NEAR_Y0,
    NEAR_Y1,
    P_0,
    P_1,
    Q_0,
    Q_1,
)

Array = NDArray[np.float64]


def minimum(a: Tensor, b: Tensor) -> Tensor:
    """The smaller one."""
    return torch.minimum(a, b)


def maximum(a: Tensor, b: Tensor) -> Tensor:
    """The larger one."""
    return torch.maximum(a, b)


def mod(a: Tensor, b: Tensor) -> Tensor:
    """What is left of a after whole multiples of b, of the sign of b."""
    return torch.where(b == 0, math.nan, a - b * torch.floor(a / b))


def sign(a: Tensor) -> Tensor:
    """-1, 0 or 1."""
    return torch.where(torch.isnan(a), a, torch.sign(a))


def step(a: Tensor) -> Tensor:
    """1 where a number is positive, else 0."""
    return sign(a).clamp(min=0.0)


def less(a: Tensor, b: Tensor) -> Tensor:
    """1 where the first is less than the second, else 0."""
    return torch.where(torch.isnan(a) | torch.isnan(b), a + b, (a < b).to(a.dtype))


def greater(a: Tensor, b: Tensor) -> Tensor:
    """1 where the first is greater than the second, else 0."""
    return less(b, a)


def where(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The first case where a condition is not 0, the second where it is."""
    return torch.where(torch.isnan(condition), condition, torch.where(condition != 0, a, b))


def floor(a: Tensor) -> Tensor:
    """The largest whole number that is not larger."""
    return torch.floor(a)


def ceil(a: Tensor) -> Tensor:
    """The smallest whole number that is not smaller."""
    return torch.ceil(a)


def nearest(a: Tensor) -> Tensor:
    """The nearest whole number, the even one of two."""
    return torch.round(a)


def gamma(a: Tensor) -> Tensor:
    """The gamma function; of negative numbers by Euler's reflection."""
    size = torch.exp(torch.lgamma(a))
    is_negative = (a < 0) & (torch.remainder(torch.floor(a), 2.0) == 1.0)
    return torch.where(is_negative, -size, size)


def loggamma(a: Tensor) -> Tensor:
    """The logarithm of the size of the gamma function."""
    return torch.lgamma(a)


def erf(a: Tensor) -> Tensor:
    """The error function."""
    return torch.erf(a)


def bessel_j0(a: Tensor) -> Tensor:
    """The Bessel function of the first kind of order 0."""
    return _bessel(a, 0, NEAR_0, P_0, Q_0)


def bessel_j1(a: Tensor) -> Tensor:
    """The Bessel function of the first kind of order 1."""
    return torch.sign(a) * _bessel(a, 1, NEAR_1, P_1, Q_1)


def bessel_y0(a: Tensor) -> Tensor:
    """The Bessel function of the second kind of order 0; NaN of negative numbers."""
    return _second(a, 0, bessel_j0(a), NEAR_Y0, P_0, Q_0)


def bessel_y1(a: Tensor) -> Tensor:
    """The Bessel function of the second kind of order 1; NaN of negative numbers."""
    return _second(a, 1, bessel_j1(a), NEAR_Y1, P_1, Q_1)


def _bessel(a: Tensor, order: int, near: Array, p: Array, q: Array) -> Tensor:
    """A Bessel function of the size of a number by its series, of which torch knows the derivative."""
    size = torch.abs(a)
    small = size.clamp(max=BEYOND)
    inner = _chebyshev(near, 2.0 * (small / BEYOND) ** 2 - 1.0)
    cosine, _ = _waves(size, order, p, q)
    return torch.where(size <= BEYOND, inner if order == 0 else small * inner, cosine)


def _second(a: Tensor, order: int, first: Tensor, near: Array, p: Array, q: Array) -> Tensor:
    """A Bessel function of the second kind, from that of the first kind."""
    small = a.clamp(max=BEYOND)
    rest = _chebyshev(near, 2.0 * (small / BEYOND) ** 2 - 1.0)
    known = 2.0 / math.pi * torch.log(a) * first
    inner = known + rest if order == 0 else known - 2.0 / (math.pi * a) + small * rest
    _, sine = _waves(a, order, p, q)
    return torch.where(a <= BEYOND, inner, sine)


def _waves(size: Tensor, order: int, p: Array, q: Array) -> tuple[Tensor, Tensor]:
    """Bessel functions of the first and the second kind of large numbers."""
    large = size.clamp(min=BEYOND)
    z = BEYOND / large
    t = 2.0 * z * z - 1.0
    angle = large - (0.25 + 0.5 * order) * math.pi
    even, odd = _chebyshev(p, t), z * _chebyshev(q, t)
    root = torch.sqrt(2.0 / (math.pi * large))
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return root * (even * cosine - odd * sine), root * (even * sine + odd * cosine)


def _chebyshev(coefficients: Array, t: Tensor) -> Tensor:
    """The sum of c_k T_k(t), by Clenshaw's recurrence."""
    b, before = torch.zeros_like(t), torch.zeros_like(t)
    for c in coefficients[:0:-1].tolist():
        b, before = 2.0 * t * b - before + c, b
    return t * b - before + float(coefficients[0])


def of_arrays(
    numpy: Callable[..., Array], slopes: Sequence[Callable[..., Any]], *arguments: Tensor
) -> Tensor:
    """A function of arrays on tensors, with its derivatives by each argument."""
    result: Tensor = _OfArrays.apply(numpy, slopes, *arguments)  # type: ignore[no-untyped-call]
    return result


class _OfArrays(torch.autograd.Function):
    """A function of arrays that autograd knows the derivatives of."""

    @staticmethod
    def forward(ctx: Any, numpy: Any, slopes: Any, *arguments: Tensor) -> Tensor:
        ctx.slopes = slopes
        ctx.save_for_backward(*arguments)
        return _computed(numpy, arguments)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        own = (gradients[0] * _computed(slope, ctx.saved_tensors) for slope in ctx.slopes)
        return (None, None, *own)


def _computed(numpy: Callable[..., Array], arguments: Sequence[Tensor]) -> Tensor:
    values = numpy(*(argument.detach().cpu().numpy() for argument in arguments))
    return torch.as_tensor(values).to(arguments[0])
