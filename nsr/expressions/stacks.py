"""The two stacks of the algebra's machine (`nsr.expressions.machine`): values, and what is left to do."""

from __future__ import annotations

from nsr.expressions.arena import constant
from nsr.expressions.layout import FULL, MOST_WORK
from nsr.kernels import kernel

# Instructions; operands are a node to push, or a number of arguments.
PUSH, ADD, MULTIPLY, MERGE, POWER, SCALE, ABSOLUTE, EXPONENTIAL, LOGARITHM = range(9)
# From this one on, each is the function at its place in the table of operators.
FIRST_FUNCTION = 9


@kernel(inner=True, exact=True)
def push(a, node):
    """Puts a node on the stack of values."""
    if a.n_values == MOST_WORK:
        a.status = FULL
    else:
        a.values[a.n_values] = node
        a.n_values += 1


@kernel(inner=True, exact=True)
def pop(a):
    """Takes the node from the top of the stack of values."""
    a.n_values -= 1
    return a.values[a.n_values]


@kernel(inner=True, exact=True)
def leave(a, instruction, operand):
    """Leaves an instruction to be done before those that were left earlier."""
    if a.n_work == MOST_WORK:
        a.status = FULL
    else:
        a.instructions[a.n_work], a.operands[a.n_work] = instruction, operand
        a.n_work += 1


@kernel(inner=True, exact=True)
def scale_later(a, coefficient):
    """Leaves it to be done to scale the value then on top."""
    if coefficient != 1.0:
        leave(a, SCALE, 0)
        leave(a, PUSH, constant(a, coefficient))


@kernel(inner=True, exact=True)
def raise_later(a, base, exponent):
    """Leaves a power to be computed."""
    if exponent != 1.0:
        leave(a, POWER, 0)
        leave(a, PUSH, constant(a, exponent))
    leave(a, PUSH, base)


@kernel(inner=True, exact=True)
def replace(a, n, node):
    """Puts a node on the stack of values in place of n of them."""
    a.n_values -= n
    push(a, node)
