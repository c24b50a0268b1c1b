"""Making nodes (`nsr.expressions.layout`): equal ones once, in kernels."""

from __future__ import annotations

import math

import numpy as np

from nsr.expressions.layout import (
    CONSTANT,
    FULL,
    FUNCTION,
    MOST_NODES,
    MOST_PARTS,
    MOST_WORK,
    NOT_FINITE,
    ONE,
    PRODUCT,
    SUM,
    VARIABLE,
)
from nsr.expressions.ordering import compare, ensure_key
from nsr.kernels import kernel

_FIRST_SLOTS = 1 << 12
_HASH, _NAN_BITS = -7046029254386353131, 0x7FF8 << 48


@kernel(inner=True, exact=True)
def initialise(a):
    """Makes the nodes that every arena begins with."""
    a.mask = _FIRST_SLOTS - 1
    constant(a, 1.0)
    constant(a, 0.0)
    constant(a, np.nan)


@kernel(inner=True, exact=True)
def _bits(value):
    """The bits of a number; of all NaN the same."""
    return np.float64(value).view(np.int64) if not math.isnan(value) else _NAN_BITS


@kernel(inner=True, exact=True)
def mixed(code, value):
    """A hash of a hash and a number."""
    product = (code ^ value) * _HASH
    return product ^ (product >> 32)


@kernel(inner=True, exact=True)
def _is_same(x, y):
    return x == y or (math.isnan(x) and math.isnan(y))


@kernel(inner=True, exact=True)
def times(a, x, y):
    """Product of coefficients: the placeholder absorbs all but zero."""
    if x == 0 or y == 0:
        return 0.0
    result = x * y
    if abs(result) == np.inf:
        a.status = NOT_FINITE
    return result


@kernel(inner=True, exact=True)
def constant(a, value):
    """The node of a number."""
    value = value + 0.0  # no negative zero
    code = mixed(CONSTANT, _bits(value))
    place = code & a.mask
    while a.slots[place] != 0:
        node = a.slots[place] - 1
        if a.hash[node] == code and a.kind[node] == CONSTANT and _is_same(a.number[node], value):
            return node
        place = (place + 1) & a.mask
    node = _created(a, CONSTANT, 0, value, code, place)
    a.rest[node] = ONE
    if math.isnan(value):
        a.has_unknown[node] = 1
    ensure_key(a, node)
    return node


@kernel(inner=True, exact=True)
def variable(a, index):
    """The node of a variable."""
    code = mixed(VARIABLE, index)
    place = code & a.mask
    while a.slots[place] != 0:
        node = a.slots[place] - 1
        if a.hash[node] == code and a.kind[node] == VARIABLE and a.symbol[node] == index:
            return node
        place = (place + 1) & a.mask
    node = _created(a, VARIABLE, index, 1.0, code, place)
    ensure_key(a, node)
    return node


@kernel(inner=True, exact=True)
def function(a, kind, operator, arguments, n):
    """The node of a function of the n arguments on the stack of values that begin at a place."""
    code = mixed(kind, operator)
    for k in range(arguments, arguments + n):
        code = mixed(code, a.values[k])
    place = code & a.mask
    while a.slots[place] != 0:
        node = a.slots[place] - 1
        if a.hash[node] == code and a.kind[node] == kind and a.symbol[node] == operator:
            is_same = True
            for k in range(n):
                is_same = is_same and a.part[a.first[node] + k] == a.values[arguments + k]
            if is_same:
                return node
        place = (place + 1) & a.mask
    node = _created(a, kind, operator, 1.0, code, place)
    for k in range(arguments, arguments + n):
        _append(a, node, a.values[k], 0.0)
    if kind == FUNCTION:
        ensure_key(a, node)
    return node


@kernel(inner=True, exact=True)
def with_coefficient(a, rest, coefficient):
    """A node without a coefficient times one."""
    if coefficient == 1.0:
        return rest
    if rest == ONE:
        return constant(a, coefficient)
    if a.kind[rest] == SUM and _is_all_unknown(a, rest):
        return rest  # an unknown factor of unknown coefficients says nothing
    code = mixed(mixed(-PRODUCT, _bits(coefficient)), rest)
    place = code & a.mask
    while a.slots[place] != 0:
        node = a.slots[place] - 1
        is_product = a.hash[node] == code and a.kind[node] == PRODUCT
        if is_product and a.rest[node] == rest and _is_same(a.number[node], coefficient):
            return node
        place = (place + 1) & a.mask
    node = _created(a, PRODUCT, 0, coefficient, code, place)
    if a.kind[rest] == PRODUCT and a.number[rest] == 1.0:
        a.first[node], a.count[node] = a.first[rest], a.count[rest]
    else:
        _append(a, node, rest, 1.0)
    a.rest[node] = rest
    if a.has_unknown[rest] or math.isnan(coefficient):
        a.has_unknown[node] = 1
    ensure_key(a, node)
    return node


@kernel(inner=True, exact=True)
def scale(a, node, coefficient):
    """A node times a coefficient."""
    return with_coefficient(a, a.rest[node], times(a, a.number[node], coefficient))


@kernel(inner=True, exact=True)
def _is_all_unknown(a, total):
    n_known = 0
    for k in range(a.first[total], a.first[total] + a.count[total]):
        n_known += not math.isnan(a.weight[k])
    return n_known == 0


@kernel(inner=True, exact=True)
def put(a, node, weight):
    """Adds a term or factor to what is collected, to its own weight if it is there."""
    place = a.place[node]
    if place < a.n_new and a.new_part[place] == node:
        a.new_weight[place] += weight
        a.new_size[place] += abs(weight)
        if abs(a.new_weight[place]) == np.inf:
            a.status = NOT_FINITE
    elif a.n_new < MOST_WORK:
        a.place[node], a.new_part[a.n_new], a.new_weight[a.n_new] = a.n_new, node, weight
        a.new_size[a.n_new] = abs(weight)
        a.n_new += 1
    else:
        a.status = FULL


@kernel(inner=True, exact=True)
def put_factors(a, node, sign):
    """Adds the factors of a node without a coefficient to what is collected, or (sign -1) their inverses."""
    if a.kind[node] == PRODUCT and a.number[node] == 1.0:
        for k in range(a.first[node], a.first[node] + a.count[node]):
            put(a, a.part[k], sign * a.weight[k])
    elif node != ONE:
        put(a, node, sign)


@kernel(inner=True, exact=True)
def drop_zeros(a):
    """Takes those out of what is collected whose weights have become zero."""
    n = 0
    for k in range(a.n_new):
        if a.new_weight[k] != 0:
            node = a.new_part[k]
            a.place[node], a.new_part[n], a.new_weight[n] = n, node, a.new_weight[k]
            n += 1
    a.n_new = n


@kernel(inner=True, exact=True)
def product(a, coefficient):
    """The product of a coefficient and the factors collected."""
    drop_zeros(a)
    if a.n_new == 0:
        return constant(a, coefficient)
    if a.n_new == 1 and a.new_weight[0] == 1.0:
        return with_coefficient(a, a.new_part[0], coefficient)
    return with_coefficient(a, collected(a, PRODUCT), coefficient)


@kernel(inner=True, exact=True)
def collected(a, kind):
    """The node of the terms, or factors, collected."""
    n, inner = a.n_new, 0
    for k in range(n):  # a set has no order
        inner += mixed(mixed(kind, a.new_part[k]), _bits(a.new_weight[k]))
    code = mixed(mixed(kind, n), inner)
    place = code & a.mask
    while a.slots[place] != 0:
        node = a.slots[place] - 1
        if a.hash[node] == code and a.kind[node] == kind and a.rest[node] == node and _is_collected(a, node):
            return node
        place = (place + 1) & a.mask
    if kind in (SUM, PRODUCT):
        sort_new(a)
    node = _created(a, kind, 0, 1.0, code, place)
    for k in range(n):
        _append(a, node, a.new_part[k], a.new_weight[k])
    if kind == PRODUCT:  # sums are not compared before they are part of something
        ensure_key(a, node)
    return node


@kernel(inner=True, exact=True)
def _is_collected(a, node):
    """Whether a node has the parts that are collected."""
    if a.count[node] != a.n_new:
        return False
    for k in range(a.first[node], a.first[node] + a.count[node]):
        place = a.place[a.part[k]]
        if place >= a.n_new or a.new_part[place] != a.part[k]:
            return False
        if not _is_same(a.new_weight[place], a.weight[k]):
            return False
    return True


@kernel(inner=True, exact=True)
def sort_new(a):
    """Puts what is collected in the order of its parts."""
    for k in range(1, a.n_new):
        node, weight = a.new_part[k], a.new_weight[k]
        at = k
        while at > 0 and compare(a, a.new_part[at - 1], node) > 0:
            a.new_part[at], a.new_weight[at] = a.new_part[at - 1], a.new_weight[at - 1]
            at -= 1
        a.new_part[at], a.new_weight[at] = node, weight


@kernel(inner=True, exact=True)
def _created(a, kind, symbol, number, code, place):
    """A new node at its slot, its own rest, without parts."""
    node = a.n_nodes
    if node == MOST_NODES:
        a.status = FULL
        return ONE
    a.n_nodes += 1
    a.slots[place] = node + 1
    a.kind[node], a.symbol[node], a.number[node], a.hash[node] = kind, symbol, number, code
    a.rest[node], a.first[node], a.count[node] = node, a.n_parts, 0
    if 2 * a.n_nodes > a.mask:
        _grow(a)
    return node


@kernel(inner=True, exact=True)
def _grow(a):
    """Doubles the slots."""
    a.mask = 2 * a.mask + 1
    for place in range(a.mask + 1):
        a.slots[place] = 0
    for node in range(a.n_nodes):
        place = a.hash[node] & a.mask
        while a.slots[place] != 0:
            place = (place + 1) & a.mask
        a.slots[place] = node + 1


@kernel(inner=True, exact=True)
def _append(a, node, part, weight):
    """Gives the newest node one more part."""
    if a.n_parts == MOST_PARTS:
        a.status = FULL
        return
    a.part[a.n_parts], a.weight[a.n_parts] = part, weight
    a.n_parts += 1
    a.count[node] += 1
    if a.has_unknown[part] or math.isnan(weight):
        a.has_unknown[node] = 1
