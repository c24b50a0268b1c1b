"""Canonical forms written down compactly, in kernels.

`sub`, `div`, `neg`, `inv`, `square`, `cube` and `sqrt` stand in place of powers, operands in a fixed order.
"""

from __future__ import annotations

import numpy as np

from nsr.expressions.arena import collected, constant, product, put, scale
from nsr.expressions.layout import (
    CONSTANT,
    DONE,
    FIRST_VARIABLE,
    FULL,
    FUNCTION,
    MOST_CHAINS,
    MOST_TOKENS,
    MOST_WORK,
    NUMBER,
    PLACEHOLDER_CODE,
    SUM,
    UNKNOWN,
    VARIABLE,
)
from nsr.expressions.operators import PLACES
from nsr.kernels import kernel

_ADD, _SUB, _MUL, _DIV, _NEG, _INV, _POW = (
    PLACES[name] for name in ("add", "sub", "mul", "div", "neg", "inv", "pow")
)


@kernel(inner=True, exact=True, inline="always")
def write(a, node, buffer):
    """Writes a canonical form to a buffer."""
    a.length[buffer] = a.n_work = 0
    _node_later(a, node)
    while a.n_work > 0 and a.status == DONE:
        a.n_work -= 1
        node = a.operands[a.n_work]
        if node < 0:
            _emit(a, buffer, -1 - node, 0.0)
        elif node == UNKNOWN:
            _emit(a, buffer, PLACEHOLDER_CODE, 0.0)
        elif a.kind[node] == CONSTANT:
            _emit(a, buffer, NUMBER, a.number[node])
        elif a.kind[node] == VARIABLE:
            _emit(a, buffer, FIRST_VARIABLE + a.symbol[node], 0.0)
        elif a.kind[node] == FUNCTION:
            _emit(a, buffer, a.symbol[node], 0.0)
            for k in range(a.first[node] + a.count[node] - 1, a.first[node] - 1, -1):
                _node_later(a, a.part[k])
        elif a.kind[node] == SUM:
            _write_sum(a, node, buffer)
        else:
            _write_product(a, node, buffer)


@kernel(inner=True, exact=True)
def _emit(a, buffer, code, number):
    n = a.length[buffer]
    if n == MOST_TOKENS:
        a.status = FULL
    else:
        a.codes[buffer * MOST_TOKENS + n], a.numbers[buffer * MOST_TOKENS + n] = code, number
        a.length[buffer] = n + 1


@kernel(inner=True, exact=True)
def _emit_chain(a, buffer, operator, n):
    """Begins a left-nested chain of n operands: ((a op b) op c)."""
    for _ in range(n - 1):
        _emit(a, buffer, operator, 0.0)


@kernel(inner=True, exact=True)
def _node_later(a, node):
    """Leaves a node to be written before those that were left earlier."""
    if a.n_work == MOST_WORK:
        a.status = FULL
    else:
        a.operands[a.n_work] = node
        a.n_work += 1


@kernel(inner=True, exact=True)
def _code_later(a, code):
    _node_later(a, -1 - code)


@kernel(inner=True, exact=True)
def _write_sum(a, node, buffer):
    """Positive terms first, then the subtracted ones, each in the fixed order."""
    first, count = a.first[node], a.count[node]
    n_subtracted = 0
    for k in range(first, first + count):
        n_subtracted += a.weight[k] < 0
    n_added, sign = count - n_subtracted, -1.0
    if n_added == 0:
        _emit(a, buffer, _NEG, 0.0)
        _emit_chain(a, buffer, _ADD, n_subtracted)
    else:
        _emit_chain(a, buffer, _SUB, n_subtracted + 1)
        _emit_chain(a, buffer, _ADD, n_added)
    for k in range(first + count - 1, first - 1, -1):
        if a.weight[k] < 0:
            _node_later(a, scale(a, a.part[k], sign * a.weight[k]))
    for k in range(first + count - 1, first - 1, -1):
        if not a.weight[k] < 0:
            _node_later(a, scale(a, a.part[k], a.weight[k]))


@kernel(inner=True, exact=True)
def _write_product(a, node, buffer):
    coefficient = a.number[node]
    is_negative = coefficient < 0
    size = -coefficient if is_negative else coefficient
    if coefficient == -1.0:
        turned = _turned(a, node)
        if turned >= 0:
            _node_later(a, turned)
            return
    if is_negative:
        _emit(a, buffer, _NEG, 0.0)
    n_above, n_below = _count_parts(a, node, 1.0) + (size != 1.0), _count_parts(a, node, -1.0)
    if n_above == 0:
        _emit(a, buffer, _INV, 0.0)
    elif n_below > 0:
        _emit(a, buffer, _DIV, 0.0)
    begin = a.n_work
    for _ in range(n_above - 1):
        _code_later(a, _MUL)
    if size != 1.0:
        _node_later(a, constant(a, size))
    _powers_later(a, node, 1.0)
    for _ in range(n_below - 1):
        _code_later(a, _MUL)
    _powers_later(a, node, -1.0)
    for k in range((a.n_work - begin) // 2):  # what was left first is to be written first
        low, high = begin + k, a.n_work - 1 - k
        a.operands[low], a.operands[high] = a.operands[high], a.operands[low]


@kernel(inner=True, exact=True)
def _turned(a, node):
    """The factors with the sign of one difference turned, where that saves a `neg`; else -1."""
    for place in range(a.first[node], a.first[node] + a.count[node]):
        total = a.part[place]
        if a.kind[total] != SUM or abs(a.weight[place]) != 1.0:
            continue
        is_difference = False
        a.n_new = 0
        for k in range(a.first[total], a.first[total] + a.count[total]):
            is_difference = is_difference or a.weight[k] < 0
            put(a, a.part[k], -a.weight[k])
        if is_difference:
            turned = collected(a, SUM)
            a.n_new = 0
            for k in range(a.first[node], a.first[node] + a.count[node]):
                put(a, turned if k == place else a.part[k], a.weight[k])
            return product(a, 1.0)
    return -1


@kernel(inner=True, exact=True)
def _next_exponent(a, node, sign, last):
    """The least exponent above the last one, or 0; the sign tells numerator from denominator."""
    found = np.inf
    for k in range(a.first[node], a.first[node] + a.count[node]):
        if last < sign * a.weight[k] < found:
            found = sign * a.weight[k]
    return 0.0 if found == np.inf else found


@kernel(inner=True, exact=True)
def _count_bases(a, node, exponent):
    n = 0
    for k in range(a.first[node], a.first[node] + a.count[node]):
        n += a.weight[k] == exponent
    return n


@kernel(inner=True, exact=True)
def _count_parts(a, node, sign):
    """Factors of a numerator or denominator, where bases of equal exponent but 1 are one."""
    n = _count_bases(a, node, sign)
    exponent = _next_exponent(a, node, sign, 0.0)
    while exponent != 0.0:
        n += exponent != 1.0
        exponent = _next_exponent(a, node, sign, exponent)
    return n


@kernel(inner=True, exact=True)
def _powers_later(a, node, sign):
    """Leaves the factors to be written: bases of equal exponent share its operator."""
    _bases_later(a, node, sign)
    exponent = _next_exponent(a, node, sign, 0.0)
    while exponent != 0.0:
        if exponent != 1.0:
            chain = 0
            while chain < MOST_CHAINS and a.chain_exponent[chain] != exponent:
                chain += 1
            is_chain = chain < MOST_CHAINS
            if is_chain:
                for k in range(a.chain_length[chain]):
                    _code_later(a, a.chain[4 * chain + k])
            else:
                _code_later(a, _POW)
            for _ in range(_count_bases(a, node, sign * exponent) - 1):
                _code_later(a, _MUL)
            _bases_later(a, node, sign * exponent)
            if not is_chain:
                _node_later(a, constant(a, exponent))
        exponent = _next_exponent(a, node, sign, exponent)


@kernel(inner=True, exact=True)
def _bases_later(a, node, exponent):
    for k in range(a.first[node], a.first[node] + a.count[node]):
        if a.weight[k] == exponent:
            _node_later(a, a.part[k])
