"""Compiled kernels of special functions: gamma, error and Bessel functions, and their derivatives.

Bessel functions are the series of `nsr.expressions.bessel_series`. Digamma is its asymptotic series, to which
arguments are moved (Abramowitz and Stegun 1964, 6.3.5, 6.3.7 and 6.3.18).
"""

from __future__ import annotations

import math

import numpy as np

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
from nsr.expressions.operators import OPERATORS
from nsr.kernels import kernel

_CODE = {name: code for code, name in enumerate(OPERATORS)}
GAMMA, LOGGAMMA, ERF = (_CODE[n] for n in ("gamma", "loggamma", "erf"))
BESSEL_J0, BESSEL_J1 = (_CODE[n] for n in ("bessel_j0", "bessel_j1"))
BESSEL_Y0, BESSEL_Y1 = (_CODE[n] for n in ("bessel_y0", "bessel_y1"))

# Orders; plain numbers would be literals, and `bessel_j` would be compiled for each.
_ZERO, _ONE = np.int64(0), np.int64(1)
# Arguments of digamma from here on are large.
_LARGE = 10.0


@kernel(inner=True)
def _chebyshev(coefficients, t):
    """The sum of c_k T_k(t), by Clenshaw's recurrence."""
    b, before = 0.0, 0.0
    for k in range(len(coefficients) - 1, 0, -1):
        b, before = 2.0 * t * b - before + coefficients[k], b
    return t * b - before + coefficients[0]


@kernel(inner=True)
def _hankel(order, x):
    """P and Q of Hankel's form of a Bessel function beyond the near series, and the angle they go with."""
    z = BEYOND / x
    t = 2.0 * z * z - 1.0
    angle = x - (0.25 + 0.5 * order) * math.pi
    if order == 0:
        return _chebyshev(P_0, t), z * _chebyshev(Q_0, t), angle
    return _chebyshev(P_1, t), z * _chebyshev(Q_1, t), angle


@kernel(inner=True)
def bessel_j(order, x):
    """J_0 or J_1 of a number."""
    size = abs(x)
    if not math.isfinite(size):
        return 0.0 * size if math.isnan(size) else 0.0
    if size <= BEYOND:
        t = 2.0 * (size / BEYOND) ** 2 - 1.0
        return _chebyshev(NEAR_0, t) if order == 0 else x * _chebyshev(NEAR_1, t)
    p, q, angle = _hankel(order, size)
    value = math.sqrt(2.0 / (math.pi * size)) * (p * math.cos(angle) - q * math.sin(angle))
    return -value if order == 1 and x < 0 else value


@kernel(inner=True)
def bessel_y(order, x):
    """Y_0 or Y_1 of a number; NaN where it is negative."""
    if not x > 0.0:
        return -math.inf if x == 0.0 else math.nan
    if x == math.inf:
        return 0.0
    if x <= BEYOND:
        t = 2.0 * (x / BEYOND) ** 2 - 1.0
        known = 2.0 / math.pi * math.log(x) * bessel_j(order, x)
        return (
            known + _chebyshev(NEAR_Y0, t)
            if order == 0
            else (known - 2.0 / (math.pi * x) + x * _chebyshev(NEAR_Y1, t))
        )
    p, q, angle = _hankel(order, x)
    return math.sqrt(2.0 / (math.pi * x)) * (p * math.sin(angle) + q * math.cos(angle))


@kernel(inner=True)
def digamma(x):
    """Derivative of the logarithm of the gamma function."""
    if x <= 0.0 and x == math.floor(x):
        return math.nan
    result = 0.0
    if x < 0.0:
        result = -math.pi / math.tan(math.pi * x)
        x = 1.0 - x
    while x < _LARGE:
        result -= 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * 691 / 32760)))))
    return result + math.log(x) - 0.5 / x - series


@kernel(inner=True)
def _gamma(x):
    """The gamma function; NaN at its poles."""
    return math.nan if x <= 0.0 and x == math.floor(x) else math.gamma(x)


@kernel(inner=True)
def special_block(op, a, out, n):
    """Sets out[:n] to the values of a special function of a."""
    if op == GAMMA:
        for j in range(n):
            out[j] = _gamma(float(a[j]))
    elif op == LOGGAMMA:
        for j in range(n):
            out[j] = math.lgamma(float(a[j]))
    elif op == ERF:
        for j in range(n):
            out[j] = math.erf(float(a[j]))
    elif op == BESSEL_J0:
        for j in range(n):
            out[j] = bessel_j(_ZERO, float(a[j]))
    elif op == BESSEL_J1:
        for j in range(n):
            out[j] = bessel_j(_ONE, float(a[j]))
    elif op == BESSEL_Y0:
        for j in range(n):
            out[j] = bessel_y(_ZERO, float(a[j]))
    elif op == BESSEL_Y1:
        for j in range(n):
            out[j] = bessel_y(_ONE, float(a[j]))


@kernel(inner=True)
def special_derivative(op, a, v, d, out, n):
    """Sets out to d times the derivative of a special function at a, where its value is v."""
    if op == GAMMA:
        for j in range(n):
            out[j] = d[j] * v[j] * digamma(float(a[j]))
    elif op == LOGGAMMA:
        for j in range(n):
            out[j] = d[j] * digamma(float(a[j]))
    elif op == ERF:
        for j in range(n):
            out[j] = d[j] * 2.0 / math.sqrt(math.pi) * math.exp(-float(a[j]) * float(a[j]))
    elif op == BESSEL_J0:
        for j in range(n):
            out[j] = -d[j] * bessel_j(_ONE, float(a[j]))
    elif op == BESSEL_J1:
        for j in range(n):
            x = float(a[j])
            out[j] = d[j] * (0.5 if x == 0.0 else bessel_j(_ZERO, x) - v[j] / x)
    elif op == BESSEL_Y0:
        for j in range(n):
            out[j] = -d[j] * bessel_y(_ONE, float(a[j]))
    elif op == BESSEL_Y1:
        for j in range(n):
            x = float(a[j])
            out[j] = d[j] * (bessel_y(_ZERO, x) - v[j] / x) if x > 0.0 else math.nan
