"""Compiled kernels of piecewise operators: values, and derivatives by each argument."""

from __future__ import annotations

import numpy as np

from nsr.expressions.operators import OPERATORS
from nsr.kernels import kernel

_CODE = {name: code for code, name in enumerate(OPERATORS)}
MINIMUM, MAXIMUM, MOD = (_CODE[n] for n in ("minimum", "maximum", "mod"))
LESS, GREATER, WHERE = (_CODE[n] for n in ("less", "greater", "where"))
SIGN, STEP, FLOOR, CEIL, ROUND = (_CODE[n] for n in ("sign", "step", "floor", "ceil", "round"))


@kernel(inner=True)
def piecewise_block(op, a, b, c, out, n):
    """Sets out[:n] to the values of an operator of a, and of b and c where it has as many arguments."""
    if op == MINIMUM:
        for j in range(n):
            out[j] = np.minimum(a[j], b[j])
    elif op == MAXIMUM:
        for j in range(n):
            out[j] = np.maximum(a[j], b[j])
    elif op == MOD:
        for j in range(n):
            out[j] = np.mod(a[j], b[j]) if b[j] != 0 else np.nan
    elif op == LESS:
        for j in range(n):
            out[j] = a[j] + b[j] if np.isnan(a[j]) or np.isnan(b[j]) else 1.0 if a[j] < b[j] else 0.0
    elif op == GREATER:
        for j in range(n):
            out[j] = a[j] + b[j] if np.isnan(a[j]) or np.isnan(b[j]) else 1.0 if a[j] > b[j] else 0.0
    elif op == WHERE:
        for j in range(n):
            out[j] = a[j] if np.isnan(a[j]) else b[j] if a[j] != 0 else c[j]
    elif op == SIGN:
        for j in range(n):
            out[j] = np.sign(a[j])
    elif op == STEP:
        for j in range(n):
            out[j] = a[j] if np.isnan(a[j]) else 1.0 if a[j] > 0 else 0.0
    elif op == FLOOR:
        for j in range(n):
            out[j] = np.floor(a[j])
    elif op == CEIL:
        for j in range(n):
            out[j] = np.ceil(a[j])
    elif op == ROUND:
        for j in range(n):
            out[j] = np.rint(a[j])


@kernel(inner=True)
def piecewise_derivative(op, a, b, d, to_a, to_b, to_c, n):
    """Sets to_a, to_b and to_c, as many as the operator has arguments, to d times its derivatives."""
    if op in (MINIMUM, MAXIMUM):
        for j in range(n):
            share = 0.5 if a[j] == b[j] else 1.0 if (a[j] < b[j]) == (op == MINIMUM) else 0.0
            to_a[j] = d[j] * share
            to_b[j] = d[j] * (1.0 - share)
    elif op == MOD:
        for j in range(n):
            to_a[j] = d[j]
            to_b[j] = -d[j] * np.floor(a[j] / b[j])
    elif op in (LESS, GREATER):
        for j in range(n):
            to_a[j] = 0.0
            to_b[j] = 0.0
    elif op == WHERE:
        for j in range(n):
            to_a[j] = 0.0
            to_b[j] = d[j] if a[j] != 0 else 0.0
            to_c[j] = 0.0 if a[j] != 0 else d[j]
    else:
        for j in range(n):
            to_a[j] = 0.0
