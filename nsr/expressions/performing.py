"""What Python asks of the algebra's kernels: one entry, so that they are compiled once.

And another for what is multiplied out, which no search for functions waits for.
"""

from __future__ import annotations

import numpy as np

from nsr.expressions.arena import constant, initialise, scale
from nsr.expressions.arena_type import opened
from nsr.expressions.expansion import expanded, unknown_polynomial
from nsr.expressions.layout import DONE, FIRST_NODE, MOST_TOKENS, NOT_FINITE, NUMBER, ONE
from nsr.expressions.machine import read
from nsr.expressions.ordering import compare
from nsr.expressions.writing import write
from nsr.kernels import kernel

# Tasks with an expression.
READ, SIMPLIFY, STRIP_SCALE = range(3)
# Tasks with nodes and numbers.
INITIALISE, RUN, WRITE, SCALE, NODE_OF_NUMBER, IS_BEFORE = range(3, 9)

# Writing a form down can open a further rewrite; two or three passes reach the fixed point.
_MAX_PASSES = 4
_BITS_OF_CODES = 0x7FF8 << 48


@kernel(exact=True)
def perform(arena, task, operand, tokens):
    """Performs a task in an arena.

    Args:
        arena: The bytes of a `nsr.expressions.layout.ARENA`.
        task: Which.
        operand: The node that is to be written, scaled or compared, or the instruction to run.
        tokens: An expression, as `nsr.expressions.arenas.encoded` has it; the nodes that an instruction
            takes, last first; or the number or node to scale by or compare with.

    Returns:
        A node, or twice the length of the expression written plus the place of its buffer, 0 if it is to stay
        as it was; minus the `status` if that is not `DONE`.
    """
    a = opened(arena)
    a.status = DONE
    result = 0
    if task == INITIALISE:
        initialise(a)
    elif task == SCALE:
        result = scale(a, operand, tokens[0])
    elif task == NODE_OF_NUMBER:
        result = constant(a, tokens[0])
    elif task == IS_BEFORE:
        result = int(compare(a, operand, int(tokens[0])) < 0)
    else:
        result = _rewrite(a, task, operand, tokens)
    return result if a.status == DONE else -a.status


@kernel(exact=True)
def multiply_out(arena, node):
    """The polynomial (`nsr.expressions.expansion`) that a node is, of unknown value if not finite.

    Returns:
        Its node; minus the `status` if that is not `DONE`.
    """
    a = opened(arena)
    a.status = DONE
    result = expanded(a, node)
    if a.status == NOT_FINITE:
        a.status = DONE
        result = unknown_polynomial(a)
    return result if a.status == DONE else -a.status


@kernel(inner=True, exact=True, inline="always")
def _rewrite(a, task, operand, tokens):
    """Reads and writes what is in the first buffer, once, or until it stays or would be longer."""
    _load(a, tokens, task == RUN)
    buffer, result, node = 0, 0, operand if task == WRITE else -1
    for _ in range(_MAX_PASSES):
        if task != WRITE:
            before, node = node, read(a, buffer, operand if task == RUN else -1)
            if node == before and a.status == DONE:
                a.is_fixed[node] = 1
                break
        if task in (READ, RUN):
            result = node
            break
        if task == STRIP_SCALE:
            node = a.rest[node]
        if a.status != DONE or (task == STRIP_SCALE and node == ONE):
            break
        write(a, node, 1 - buffer)
        is_kept = a.length[1 - buffer] > a.length[buffer] or _are_equal(a)
        if a.status != DONE or (task == SIMPLIFY and is_kept):
            break
        buffer = 1 - buffer
        result = 2 * a.length[buffer] + buffer
        if task != SIMPLIFY or a.is_fixed[node]:
            break
    if a.status == NOT_FINITE and task not in (READ, RUN, WRITE):
        a.status = DONE
    return result


@kernel(inner=True, exact=True, inline="always")
def _load(a, tokens, are_nodes):
    """Reads tokens into the first buffer."""
    bits = tokens.view(np.int64)
    a.length[0] = len(tokens)
    for k in range(len(tokens)):
        code = bits[k] - _BITS_OF_CODES - 1
        a.codes[k] = code if np.isnan(tokens[k]) and code >= 0 else NUMBER
        if are_nodes:
            a.codes[k] = FIRST_NODE - int(tokens[k])
        a.numbers[k] = tokens[k]


@kernel(inner=True, exact=True, inline="always")
def _are_equal(a):
    """Whether both buffers have the same expression."""
    n_different = abs(a.length[0] - a.length[1])
    for k in range(min(a.length[0], a.length[1])):
        other = MOST_TOKENS + k
        n_different += a.codes[k] != a.codes[other]
        n_different += a.codes[k] == NUMBER and a.numbers[k] != a.numbers[other]
    return n_different == 0
