"""The compiled interpreter: tapes evaluated on a CPU, values and derivatives, block by block.

All kernels take a block of points through every node of one expression before the next block, so
that intermediate values stay in the first-level cache. They release the GIL; callers split rows
over threads. Domain errors give NaN or infinity, as IEEE arithmetic does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nsr.operators import OPERATORS
from nsr.tape import CONSTANT, INTEGER_POWER, LITERAL, VARIABLE

BLOCK = 128

_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "boundscheck": False}

_CODE = {name: code for code, name in enumerate(OPERATORS)}
ADD, SUB, MUL, DIV, POW = (_CODE[n] for n in ("add", "sub", "mul", "div", "pow"))
NEG, INV, ABS, SQRT = (_CODE[n] for n in ("neg", "inv", "abs", "sqrt"))
SQUARE, CUBE, EXP, LOG = (_CODE[n] for n in ("square", "cube", "exp", "log"))
SIN, COS, TAN, ASIN, ACOS, ATAN = (_CODE[n] for n in ("sin", "cos", "tan", "asin", "acos", "atan"))
SINH, COSH, TANH = (_CODE[n] for n in ("sinh", "cosh", "tanh"))


@njit(**_OPTIONS)
def integer_power(x, n):
    """Raises x to a whole power by repeated squaring."""
    result = x * 0 + 1
    base = x
    k = abs(n)
    while k > 0:
        if k & 1:
            result = result * base
        base = base * base
        k >>= 1
    return 1 / result if n < 0 else result


@njit(**_OPTIONS)
def _binary(op, a, b, out, n):
    if op == ADD:
        for j in range(n):
            out[j] = a[j] + b[j]
    elif op == SUB:
        for j in range(n):
            out[j] = a[j] - b[j]
    elif op == MUL:
        for j in range(n):
            out[j] = a[j] * b[j]
    elif op == DIV:
        for j in range(n):
            out[j] = a[j] / b[j]
    else:
        for j in range(n):
            out[j] = a[j] ** b[j]


@njit(**_OPTIONS)
def _unary(op, a, out, n):
    if op == NEG:
        for j in range(n):
            out[j] = -a[j]
    elif op == INV:
        for j in range(n):
            out[j] = 1 / a[j]
    elif op == ABS:
        for j in range(n):
            out[j] = abs(a[j])
    elif op == SQRT:
        for j in range(n):
            out[j] = np.sqrt(a[j])
    elif op == SQUARE:
        for j in range(n):
            out[j] = a[j] * a[j]
    elif op == CUBE:
        for j in range(n):
            out[j] = a[j] * a[j] * a[j]
    elif op == EXP:
        for j in range(n):
            out[j] = np.exp(a[j])
    elif op == LOG:
        for j in range(n):
            out[j] = np.log(a[j])
    elif op == SIN:
        for j in range(n):
            out[j] = np.sin(a[j])
    elif op == COS:
        for j in range(n):
            out[j] = np.cos(a[j])
    elif op == TAN:
        for j in range(n):
            out[j] = np.tan(a[j])
    elif op == ASIN:
        for j in range(n):
            out[j] = np.arcsin(a[j])
    elif op == ACOS:
        for j in range(n):
            out[j] = np.arccos(a[j])
    elif op == ATAN:
        for j in range(n):
            out[j] = np.arctan(a[j])
    elif op == SINH:
        for j in range(n):
            out[j] = np.sinh(a[j])
    elif op == COSH:
        for j in range(n):
            out[j] = np.cosh(a[j])
    elif op == TANH:
        for j in range(n):
            out[j] = np.tanh(a[j])


@njit(**_OPTIONS)
def _unary_derivative(op, a, v, d, out, n):
    """Sets out to d times the derivative of the operator at input a, where its value is v."""
    if op == NEG:
        for j in range(n):
            out[j] = -d[j]
    elif op == INV:
        for j in range(n):
            out[j] = -d[j] * v[j] * v[j]
    elif op == ABS:
        for j in range(n):
            out[j] = d[j] * np.sign(a[j])
    elif op == SQRT:
        for j in range(n):
            out[j] = d[j] / (2 * v[j])
    elif op == SQUARE:
        for j in range(n):
            out[j] = 2 * d[j] * a[j]
    elif op == CUBE:
        for j in range(n):
            out[j] = 3 * d[j] * a[j] * a[j]
    elif op == EXP:
        for j in range(n):
            out[j] = d[j] * v[j]
    elif op == LOG:
        for j in range(n):
            out[j] = d[j] / a[j]
    elif op == SIN:
        for j in range(n):
            out[j] = d[j] * np.cos(a[j])
    elif op == COS:
        for j in range(n):
            out[j] = -d[j] * np.sin(a[j])
    elif op == TAN:
        for j in range(n):
            out[j] = d[j] * (1 + v[j] * v[j])
    elif op == ASIN:
        for j in range(n):
            out[j] = d[j] / np.sqrt(1 - a[j] * a[j])
    elif op == ACOS:
        for j in range(n):
            out[j] = -d[j] / np.sqrt(1 - a[j] * a[j])
    elif op == ATAN:
        for j in range(n):
            out[j] = d[j] / (1 + a[j] * a[j])
    elif op == SINH:
        for j in range(n):
            out[j] = d[j] * np.cosh(a[j])
    elif op == COSH:
        for j in range(n):
            out[j] = d[j] * np.sinh(a[j])
    elif op == TANH:
        for j in range(n):
            out[j] = d[j] * (1 - v[j] * v[j])


@njit(**_OPTIONS)
def forward_block(tape, start, stop, X, constants, p, n, work):
    """Evaluates one expression on points p to p + n.

    Args:
        tape: Tuple (op, left, right, arg, literal, active) of a `nsr.tape.Tape`'s node arrays.
        start: First node of the expression.
        stop: One past its last node.
        X: Variables, shape (n_variables, n_points).
        constants: Values of the free constants, shape (K,).
        p: First point.
        n: Number of points, at most `BLOCK`.
        work: Scratch, shape (at least stop - start, BLOCK); row i gets node i's values.
    """
    ops, lefts, rights, args, literals, _ = tape
    for node in range(start, stop):
        op = ops[node]
        out = work[node - start]
        if op == VARIABLE:
            column = X[args[node]]
            for j in range(n):
                out[j] = column[p + j]
        elif op == CONSTANT:
            out[:n] = constants[args[node]]
        elif op == LITERAL:
            out[:n] = literals[node]
        elif op == INTEGER_POWER:
            a = work[lefts[node]]
            k = args[node]
            for j in range(n):
                out[j] = integer_power(a[j], k)
        elif op <= POW:
            _binary(op, work[lefts[node]], work[rights[node]], out, n)
        else:
            _unary(op, work[lefts[node]], out, n)


@njit(**_OPTIONS)
def reverse_block(tape, start, stop, n, work, adjoint, jacobian, p):
    """One reverse sweep after `forward_block`: derivatives by every free constant.

    Every node has one parent, so its adjoint is written once; nodes above no free constant are skipped.

    Args:
        tape: As in `forward_block`.
        start: First node of the expression.
        stop: One past its last node.
        n: Number of points in the block.
        work: Node values from `forward_block`.
        adjoint: Scratch of the shape of work.
        jacobian: Receives the derivatives, shape (K, at least p + n).
        p: Where in jacobian's second axis the block goes.
    """
    ops, lefts, rights, args, _, active = tape
    adjoint[stop - start - 1, :n] = 1
    for node in range(stop - 1, start - 1, -1):
        if not active[node]:
            continue
        op = ops[node]
        d = adjoint[node - start]
        if op == CONSTANT:
            column = jacobian[args[node]]
            for j in range(n):
                column[p + j] = d[j]
            continue
        left = lefts[node]
        a = work[left]
        to_left = adjoint[left]
        if op == INTEGER_POWER:
            k = args[node]
            for j in range(n):
                to_left[j] = d[j] * k * integer_power(a[j], k - 1)
        elif op <= POW:
            right = rights[node]
            _binary_derivative(
                op, a, work[right], work[node - start], d, to_left, adjoint[right],
                active[start + left], active[start + right], n,
            )  # fmt: skip
        else:
            _unary_derivative(op, a, work[node - start], d, to_left, n)


@njit(**_OPTIONS)
def _binary_derivative(op, a, b, v, d, to_left, to_right, need_left, need_right, n):
    if op <= SUB:
        if need_left:
            to_left[:n] = d[:n]
        if need_right:
            if op == ADD:
                to_right[:n] = d[:n]
            else:
                for j in range(n):
                    to_right[j] = -d[j]
    elif op == MUL:
        if need_left:
            for j in range(n):
                to_left[j] = d[j] * b[j]
        if need_right:
            for j in range(n):
                to_right[j] = d[j] * a[j]
    elif op == DIV:
        if need_left:
            for j in range(n):
                to_left[j] = d[j] / b[j]
        if need_right:
            for j in range(n):
                to_right[j] = -d[j] * v[j] / b[j]
    else:
        if need_left:
            for j in range(n):
                to_left[j] = d[j] * b[j] * a[j] ** (b[j] - 1)
        if need_right:
            for j in range(n):
                to_right[j] = d[j] * v[j] * np.log(a[j])


@njit(**_OPTIONS)
def values_kernel(tape, offsets, X, constants, index, start, stop, out):
    """Values of rows start to stop.

    Args:
        tape: As in `forward_block`.
        offsets: Runs of the expressions, shape (E + 1,).
        X: Variables, shape (1 or n_rows, n_variables, n_points).
        constants: Shape (n_rows, K).
        index: Expression of each row, shape (n_rows,).
        start: First row.
        stop: One past the last row.
        out: Receives the values, shape (n_rows, n_points).
    """
    n_points = X.shape[2]
    longest = np.max(offsets[1:] - offsets[:-1])
    work = np.empty((longest, BLOCK), X.dtype)
    for row in range(start, stop):
        table = X[row if X.shape[0] > 1 else 0]
        first, last = offsets[index[row]], offsets[index[row] + 1]
        for p in range(0, n_points, BLOCK):
            n = min(BLOCK, n_points - p)
            forward_block(tape, first, last, table, constants[row], p, n, work)
            out[row, p : p + n] = work[last - first - 1, :n]


@njit(**_OPTIONS)
def jacobian_kernel(tape, offsets, X, constants, index, start, stop, out, jacobian):
    """Values and derivatives by the constants of rows start to stop; see `values_kernel`.

    Args:
        tape: As in `forward_block`.
        offsets: As in `values_kernel`.
        X: As in `values_kernel`.
        constants: As in `values_kernel`.
        index: As in `values_kernel`.
        start: As in `values_kernel`.
        stop: As in `values_kernel`.
        out: As in `values_kernel`.
        jacobian: Receives the derivatives, zeroed before, shape (n_rows, K, n_points).
    """
    n_points = X.shape[2]
    longest = np.max(offsets[1:] - offsets[:-1])
    work = np.empty((longest, BLOCK), X.dtype)
    adjoint = np.empty((longest, BLOCK), X.dtype)
    for row in range(start, stop):
        table = X[row if X.shape[0] > 1 else 0]
        first, last = offsets[index[row]], offsets[index[row] + 1]
        for p in range(0, n_points, BLOCK):
            n = min(BLOCK, n_points - p)
            forward_block(tape, first, last, table, constants[row], p, n, work)
            out[row, p : p + n] = work[last - first - 1, :n]
            reverse_block(tape, first, last, n, work, adjoint, jacobian[row], p)
