"""The compiled interpreter: tapes evaluated on a CPU, values and derivatives, block by block.

All kernels take a block of points through every node of one expression before the next block, so
that intermediate values stay in the first-level cache. They release the GIL; callers split rows
over threads. Domain errors give NaN or infinity, as IEEE arithmetic does.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import typeof, types
from numba.extending import intrinsic

from nsr.evaluate.elementary import exp_block, log_block, sin_block
from nsr.evaluate.piecewise import WHERE, piecewise_block, piecewise_derivative
from nsr.evaluate.special import GAMMA, special_block, special_derivative
from nsr.evaluate.tape import CONSTANT, CONSTANT_AGAIN, FIXED_POWER, LITERAL, UNUSED, VARIABLE
from nsr.expressions.operators import OPERATORS
from nsr.kernels import kernel

BLOCK = 256
# Quarter turns for `sin_block`; plain numbers would be literals, and it would be compiled for each.
_SINE, _COSINE = np.int64(0), np.int64(1)

_CODE = {name: code for code, name in enumerate(OPERATORS)}
ADD, SUB, MUL, DIV, POW = (_CODE[n] for n in ("add", "sub", "mul", "div", "pow"))
NEG, INV, ABS, SQRT = (_CODE[n] for n in ("neg", "inv", "abs", "sqrt"))
SQUARE, CUBE, EXP, LOG = (_CODE[n] for n in ("square", "cube", "exp", "log"))
SIN, COS, TAN, ASIN, ACOS, ATAN = (_CODE[n] for n in ("sin", "cos", "tan", "asin", "acos", "atan"))
SINH, COSH, TANH = (_CODE[n] for n in ("sinh", "cosh", "tanh"))


@kernel(inner=True)
def fixed_power(a, doubled, out, n):
    """Sets out[:n] to a[:n] raised to doubled / 2, by repeated squaring from the exponent's top bit."""
    size = abs(doubled)
    whole = size >> 1
    if whole == 0:
        for j in range(n):
            out[j] = 1
    else:
        for j in range(n):
            out[j] = a[j]
        top = 1
        while 2 * top <= whole:
            top *= 2
        bit = top >> 1
        while bit > 0:
            for j in range(n):
                out[j] = out[j] * out[j]
            if whole & bit:
                for j in range(n):
                    out[j] = out[j] * a[j]
            bit >>= 1
    if size & 1:
        for j in range(n):
            out[j] = out[j] * math.sqrt(a[j])
    if doubled < 0:
        for j in range(n):
            out[j] = 1 / out[j]


@kernel(inner=True)
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


@kernel(inner=True)
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
            out[j] = math.sqrt(a[j])
    elif op == SQUARE:
        for j in range(n):
            out[j] = a[j] * a[j]
    elif op == CUBE:
        for j in range(n):
            out[j] = a[j] * a[j] * a[j]
    elif op == EXP:
        exp_block(a, out, n)
    elif op == LOG:
        log_block(a, out, n)
    elif op == SIN:
        sin_block(a, out, n, _SINE)
    elif op == COS:
        sin_block(a, out, n, _COSINE)
    elif op == TAN:
        for j in range(n):
            out[j] = math.tan(a[j])
    elif op == ASIN:
        for j in range(n):
            out[j] = math.asin(a[j])
    elif op == ACOS:
        for j in range(n):
            out[j] = math.acos(a[j])
    elif op == ATAN:
        for j in range(n):
            out[j] = math.atan(a[j])
    elif op == SINH:
        for j in range(n):
            out[j] = math.sinh(a[j])
    elif op == COSH:
        for j in range(n):
            out[j] = math.cosh(a[j])
    elif op == TANH:
        for j in range(n):
            out[j] = math.tanh(a[j])


@kernel(inner=True)
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
        sin_block(a, out, n, _COSINE)
        for j in range(n):
            out[j] = d[j] * out[j]
    elif op == COS:
        sin_block(a, out, n, _SINE)
        for j in range(n):
            out[j] = -d[j] * out[j]
    elif op == TAN:
        for j in range(n):
            out[j] = d[j] * (1 + v[j] * v[j])
    elif op == ASIN:
        for j in range(n):
            out[j] = d[j] / math.sqrt(1 - a[j] * a[j])
    elif op == ACOS:
        for j in range(n):
            out[j] = -d[j] / math.sqrt(1 - a[j] * a[j])
    elif op == ATAN:
        for j in range(n):
            out[j] = d[j] / (1 + a[j] * a[j])
    elif op == SINH:
        for j in range(n):
            out[j] = d[j] * math.cosh(a[j])
    elif op == COSH:
        for j in range(n):
            out[j] = d[j] * math.sinh(a[j])
    elif op == TANH:
        for j in range(n):
            out[j] = d[j] * (1 - v[j] * v[j])


@kernel(inline="always")
def forward_block(tape, start, stop, needed, X, constants, p, n, work):
    """Evaluates one expression on points p to p + n.

    Args:
        tape: Tuple (op, left, right, arg, literal), `nsr.evaluate.tape.Tape.nodes`.
        start: First node of the expression.
        stop: One past its last node.
        needed: Which nodes to compute, shape of the tape; work must hold the others' values already.
            Empty for all.
        X: Variables, shape (n_variables, n_points).
        constants: Values of the free constants, shape (K,).
        p: First point.
        n: Number of points, at most work.shape[1].
        work: Scratch, shape (at least stop - start, block); row i gets node i's values.
    """
    ops, lefts, rights, args, literals = tape
    for node in range(start, stop):
        op = ops[node]
        if op == UNUSED or (len(needed) > 0 and not needed[node]):
            continue
        out = work[node - start]
        if op == VARIABLE:
            column = X[args[node]]
            for j in range(n):
                out[j] = column[p + j]
        elif op in (CONSTANT, CONSTANT_AGAIN):
            free = constants[args[node]]
            for j in range(n):
                out[j] = free
        elif op == LITERAL:
            fixed = literals[node]
            for j in range(n):
                out[j] = fixed
        elif op == FIXED_POWER:
            fixed_power(work[lefts[node]], np.int64(args[node]), out, n)
        elif op <= POW:
            _binary(op, work[lefts[node]], work[rights[node]], out, n)
        elif op <= TANH:
            _unary(op, work[lefts[node]], out, n)
        elif op < GAMMA:
            third = args[node] if op == WHERE else lefts[node]
            piecewise_block(op, work[lefts[node]], work[rights[node]], work[third], out, n)
        else:
            special_block(op, work[lefts[node]], out, n)


@kernel(inline="always")
def reverse_block(tape, start, stop, wanted, seed, n, work, adjoint, jacobian, p):
    """One reverse sweep after `forward_block`: derivatives by the free constants.

    Every node has one parent, so its adjoint is written once.

    Args:
        tape: As in `forward_block`.
        start: First node of the expression.
        stop: One past its last node.
        wanted: The nodes to go through: a tape's `active` for all free constants, its `affine` for the
            linear ones.
        seed: Factor of all derivatives.
        n: Number of points in the block.
        work: Node values from `forward_block`.
        adjoint: Scratch of the shape of work.
        jacobian: Receives the derivatives, shape (K, at least p + n).
        p: Where in jacobian's second axis the block goes.
    """
    ops, lefts, rights, args, _ = tape
    for j in range(n):
        adjoint[stop - start - 1, j] = seed
    for node in range(stop - 1, start - 1, -1):
        if not wanted[node]:
            continue
        op = ops[node]
        d = adjoint[node - start]
        if op == CONSTANT:
            column = jacobian[args[node]]
            for j in range(n):
                column[p + j] = d[j]
            continue
        if op == CONSTANT_AGAIN:
            column = jacobian[args[node]]
            for j in range(n):
                column[p + j] += d[j]
            continue
        left = lefts[node]
        a = work[left]
        to_left = adjoint[left]
        if op == FIXED_POWER:
            doubled = np.int64(args[node])
            fixed_power(a, doubled - 2, to_left, n)
            for j in range(n):
                to_left[j] = to_left[j] * d[j] * (0.5 * doubled)
        elif op <= POW:
            right = rights[node]
            _binary_derivative(
                op, a, work[right], work[node - start], d, to_left, adjoint[right],
                wanted[start + left], wanted[start + right], n,
            )  # fmt: skip
        elif op <= TANH:
            _unary_derivative(op, a, work[node - start], d, to_left, n)
        elif op < GAMMA:
            right, third = rights[node], args[node] if op == WHERE else left
            piecewise_derivative(op, a, work[right], d, to_left, adjoint[right], adjoint[third], n)
        else:
            special_derivative(op, a, work[node - start], d, to_left, n)


@kernel(inner=True)
def _binary_derivative(op, a, b, v, d, to_left, to_right, need_left, need_right, n):
    if op <= SUB:
        if need_left:
            for j in range(n):
                to_left[j] = d[j]
        if need_right:
            for j in range(n):
                to_right[j] = d[j] if op == ADD else -d[j]
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
                # Of zero all powers are zero, whose logarithm would make it a zero times infinity.
                to_right[j] = 0.0 if a[j] == 0 and b[j] >= 0 else d[j] * v[j] * math.log(a[j])


@kernel(inline="always")
def longest_run(offsets):
    """Nodes of the longest expression; offsets as in `values_kernel`."""
    longest = 0
    for e in range(len(offsets) - 1):
        longest = max(longest, offsets[e + 1] - offsets[e])
    return longest


@kernel(inner=True)
def sweep(problem, needed, wanted, constants, room, out, jacobian):
    """One expression at all points: values going forward, derivatives in reverse; either, or both.

    One kernel for all who evaluate, called by `run_sweep`, as nothing takes longer to compile.

    Args:
        problem: Tuple (address, tape, start, stop, X, target, scale): the address of this kernel
            (`sweep_address`), the next four as in `forward_block`; where there is a target, shape (P,), its
            difference from the values, divided by the scale, takes their place.
        needed: As in `forward_block`; ignored where the points need several blocks.
        wanted: As in `reverse_block`.
        constants: Shape (K,).
        room: Tuple (work, adjoint) of scratch arrays, shape (nodes, block); where the points are one block,
            node values stay in work from one call to the next.
        out: Receives the values, shape (P,); without places there are none.
        jacobian: Receives the derivatives, shape (K, P); without rows there are none.
    """
    _, tape, start, stop, X, target, scale = problem
    work, adjoint = room
    n_points, block = X.shape[1], work.shape[1]
    unit = 1.0 / scale
    for p in range(0, n_points, block):
        n = min(block, n_points - p)
        if len(out) > 0 or n < n_points:
            changed = needed if n == n_points else needed[:0]
            forward_block(tape, start, stop, changed, X, constants, p, n, work)
        if len(out) > 0:
            value = work[stop - start - 1]
            if len(target) > 0:
                for j in range(n):
                    out[p + j] = (value[j] - target[p + j]) * unit
            else:
                for j in range(n):
                    out[p + j] = value[j]
        if len(jacobian) > 0:
            reverse_block(tape, start, stop, wanted, unit, n, work, adjoint, jacobian, p)


def _sweep_examples(dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Arguments like those of every call of `sweep`, for numbers of one type."""
    row, rows = np.ones(1, dtype), np.ones((1, 1), dtype)
    flags, node = np.ones(1, np.bool_), np.ones(1, np.int32)
    problem = 0, (node, node, node, node, np.ones(1)), 0, 1, rows, row, 1.0
    return problem, flags, flags, row, (rows, rows), row, rows


@cache
def sweep_address(dtype: np.dtype[Any]) -> int:
    """Where the code of `sweep` lies for numbers of one type; compiled, or loaded, if it is not yet.

    Numba copies a kernel into each one that calls it, and compiles the copy, which here takes seconds.
    """
    kinds = tuple(typeof(example) for example in _sweep_examples(dtype))
    sweep.compile(kinds)
    code = sweep.overloads[kinds]
    address: int = code.library.get_pointer_to_function(code.fndesc.llvm_func_name)
    return address


def _writable(kind: Any) -> Any:
    """The type of values that may be written to; in memory it is no other."""
    if isinstance(kind, types.Array):
        return kind.copy(readonly=False)
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        return types.BaseTuple.from_types(tuple(_writable(part) for part in parts))
    return types.unliteral(kind)


def _run_sweep(context, problem, needed, wanted, constants, room, out, jacobian):  # noqa: ARG001 (numba's form)
    """Calls `sweep` at its address, the first entry of the problem."""
    given = problem, needed, wanted, constants, room, out, jacobian
    expected = tuple(typeof(example) for example in _sweep_examples(np.dtype(str(constants.dtype))))
    if tuple(_writable(kind) for kind in given) != expected:
        raise TypeError(f"sweep is compiled for {expected}, not for {given}")

    def code(target, builder, signature, arguments):
        returned = types.none
        pointer = target.call_conv.get_function_type(returned, signature.args).as_pointer()
        address = builder.inttoptr(builder.extract_value(arguments[0], 0), pointer)
        target.call_conv.call_function(builder, address, returned, signature.args, arguments)
        return target.get_dummy_value()

    return types.none(*given), code


run_sweep: Any = intrinsic(_run_sweep)


@kernel
def values_kernel(at, tape, active, offsets, X, constants, index, start, stop, out, jacobian):
    """Values, and if wanted derivatives by the constants, of rows start to stop.

    Args:
        at: `sweep_address` for the type of the numbers.
        tape: As in `forward_block`.
        active: `nsr.evaluate.tape.Tape.active`.
        offsets: Runs of the expressions, shape (E + 1,).
        X: Variables, shape (1 or n_rows, n_variables, n_points).
        constants: Shape (n_rows, K).
        index: Expression of each row, shape (n_rows,).
        start: First row.
        stop: One past the last row.
        out: Receives the values, shape (n_rows, n_points).
        jacobian: Receives the derivatives, zeroed before, shape (n_rows, K, n_points); without rows there are
            none.
    """
    longest = longest_run(offsets)
    room = (
        np.empty((longest, BLOCK), X.dtype),
        np.empty((longest if len(jacobian) > 0 else 0, BLOCK), X.dtype),
    )
    everything, no_target = active[:0], out[0, :0]
    derivatives = np.empty((0, 0), X.dtype)
    for row in range(start, stop):
        e = index[row]
        problem = at, tape, offsets[e], offsets[e + 1], X[row if X.shape[0] > 1 else 0], no_target, 1.0
        if len(jacobian) > 0:
            derivatives = jacobian[row]
        run_sweep(problem, everything, active, constants[row], room, out[row], derivatives)
