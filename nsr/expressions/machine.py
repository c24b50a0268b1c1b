"""Canonical algebra in kernels: a machine that computes sums, products, powers and functions of nodes.

Each instruction takes its arguments from a stack of values and leaves one there. Where it needs what others
compute, it leaves them to be done, last first, before whatever was left earlier: kernels do not call
themselves. Rewrites hold for real numbers wherever the original is finite.
"""

from __future__ import annotations

import math

from nsr.expressions.arena import constant, mixed, scale, variable
from nsr.expressions.functions import absolute, apply, exponential, logarithm
from nsr.expressions.layout import (
    DONE,
    FIRST_NODE,
    FIRST_VARIABLE,
    IS_PRODUCT,
    IS_SUM,
    MOST_MEMO,
    MOST_TOKENS,
    NOT_FINITE,
    NUMBER,
    PLACEHOLDER_CODE,
    UNKNOWN,
)
from nsr.expressions.operators import PLACES
from nsr.expressions.powers import merge, multiply, power
from nsr.expressions.stacks import (
    ABSOLUTE,
    ADD,
    EXPONENTIAL,
    FIRST_FUNCTION,
    LOGARITHM,
    MULTIPLY,
    POWER,
    PUSH,
    SCALE,
    leave,
    pop,
    push,
    raise_later,
)
from nsr.expressions.sums import add
from nsr.kernels import kernel

_POW = PLACES["pow"]


@kernel(inner=True, exact=True, inline="always")
def read(a, buffer, instruction):
    """The canonical form of the expression in a buffer, or what an instruction makes of the nodes there."""
    a.n_values = a.n_work = 0
    for i in range(a.length[buffer] - 1, -2, -1):
        code, place, x, y, z = NUMBER, 0, -1, -1, -1
        if i == -1:
            if instruction >= 0:
                leave(a, instruction, a.n_values)
        else:
            code = a.codes[buffer * MOST_TOKENS + i]
        is_operator = 0 <= code < PLACEHOLDER_CODE
        if is_operator:
            last = a.n_values - 1
            first = last + 1 - a.arity[code]
            x = a.values[last]
            y, z = a.values[last - 1] if last > first else -1, a.values[first] if last > first + 1 else -1
            place = mixed(mixed(mixed(code, x), y), z) & (MOST_MEMO - 1)
            place *= 5
            if a.memo[place + 0] == code + 1 and (
                a.memo[place + 1] == x and a.memo[place + 2] == y and a.memo[place + 3] == z
            ):
                a.n_values = first
                push(a, a.memo[place + 4])
                continue
            # the first argument was read last
            a.values[last], a.values[first] = a.values[first], x
            _begin(a, code)
        elif i >= 0:
            _push_leaf(a, code, a.numbers[buffer * MOST_TOKENS + i])
        run(a)
        if a.status != DONE:
            break
        if is_operator:
            a.memo[place + 0], a.memo[place + 1], a.memo[place + 2], a.memo[place + 3] = code + 1, x, y, z
            a.memo[place + 4] = a.values[a.n_values - 1]
    return a.values[0]


@kernel(inner=True, exact=True, inline="always")
def _push_leaf(a, code, number):
    if code == NUMBER:
        if not math.isfinite(number):
            a.status = NOT_FINITE
        push(a, constant(a, number))
    elif code <= FIRST_NODE:
        push(a, FIRST_NODE - code)
    elif code == PLACEHOLDER_CODE:
        push(a, UNKNOWN)
    else:
        push(a, variable(a, code - FIRST_VARIABLE))


@kernel(inner=True, exact=True, inline="always")
def _begin(a, operator):
    """Leaves to be done what an operator does with its arguments."""
    n, traits = a.arity[operator], a.traits[operator]
    first = a.n_values - n
    if traits & IS_SUM:
        for k in range(n):
            a.values[first + k] = scale(a, a.values[first + k], a.weights[3 * operator + k])
        if n > 1:
            leave(a, ADD, n)
    elif traits & IS_PRODUCT:
        a.n_values = first
        if n > 1:
            leave(a, MULTIPLY, n)
        for k in range(n - 1, -1, -1):
            raise_later(a, a.values[first + k], a.exponents[3 * operator + k])
    elif operator == _POW:
        leave(a, POWER, 0)
    else:
        leave(a, FIRST_FUNCTION + operator, 0)


@kernel(inner=True, exact=True, inline="always")
def run(a):
    """Does what is left to do."""
    while a.n_work > 0 and a.status == DONE:
        a.n_work -= 1
        instruction, operand = a.instructions[a.n_work], a.operands[a.n_work]
        if instruction == PUSH:
            push(a, operand)
        elif instruction == ADD:
            add(a, operand)
        elif instruction == MULTIPLY:
            multiply(a, operand)
        elif instruction == POWER:
            power(a)
        elif instruction == SCALE:
            coefficient = a.number[pop(a)]
            push(a, scale(a, pop(a), coefficient))
        elif instruction >= FIRST_FUNCTION:
            apply(a, instruction - FIRST_FUNCTION)
        elif instruction == ABSOLUTE:
            absolute(a)
        elif instruction == EXPONENTIAL:
            exponential(a)
        elif instruction == LOGARITHM:
            logarithm(a)
        else:
            merge(a)
