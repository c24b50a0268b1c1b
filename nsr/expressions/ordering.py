"""The order of terms and factors: by keys, lists of numbers that compare as nested tuples would.

The key of a node is its form without the coefficients of products, and then these, by which sin(2*x) and
sin(3*x) differ. A form is the kind and

- the index of a variable, or the value of a constant, infinity for the placeholder;
- one plus the kinds of a function's arguments, the place of its name in the alphabet, and their forms;
- the kinds of the terms or factors, each one's form and number, least first, and an end.
"""

from __future__ import annotations

import math

import numpy as np

from nsr.expressions.layout import CONSTANT, FULL, FUNCTION, MOST_KEYS, PRODUCT, VARIABLE
from nsr.kernels import kernel

_END = 0.0  # below all kinds: a list that another one begins with is the lesser one


@kernel(inner=True, exact=True)
def compare(a, one, other):
    """Below 0 if one node stands before the other in sums and products, above 0 if after, 0 if equal.

    Constants stand last, and short nodes before long ones. The form without the coefficients of products
    comes first, then these, by which sin(2*x) and sin(3*x) differ.
    """
    if one == other:
        return 0
    ensure_key(a, one)
    ensure_key(a, other)
    first = _compare_forms(a, one, other)
    return first if first != 0 else _compare_within(a, one, other)


@kernel(inner=True, exact=True)
def _compare_forms(a, one, other):
    return _compare_keys(a, a.key[one], a.n_form[one], a.key[other], a.n_form[other])


@kernel(inner=True, exact=True)
def _compare_within(a, one, other):
    first, second = a.key[one] + a.n_form[one], a.key[other] + a.n_form[other]
    return _compare_keys(a, first, a.n_within[one], second, a.n_within[other])


@kernel(inner=True, exact=True)
def _compare_keys(a, one, n_one, other, n_other):
    for k in range(min(n_one, n_other)):
        x, y = a.keys[one + k], a.keys[other + k]
        if x != y:
            return -1 if x < y else 1
    return n_one - n_other


@kernel(inner=True, exact=True)
def _compare_parts(a, one, other):
    """As `compare`, of parts with their weights, which count before the coefficients within."""
    first = _compare_forms(a, a.part[one], a.part[other])
    if first != 0:
        return first
    x, y = _size(a.weight[one]), _size(a.weight[other])
    if x != y:
        return -1 if x < y else 1
    return _compare_within(a, a.part[one], a.part[other])


@kernel(inner=True, exact=True)
def _size(number):
    return np.inf if math.isnan(number) else number


@kernel(inner=True, exact=True)
def ensure_key(a, node):
    """Makes the key of a node, if it has none; of its parts, only sums may lack theirs."""
    if a.n_form[node] > 0:
        return
    for k in range(a.first[node], a.first[node] + a.count[node]):
        if a.n_form[a.part[k]] == 0:
            _make_key(a, a.part[k])
    _make_key(a, node)


@kernel(inner=True, exact=True)
def _make_key(a, node):
    first, count, kind = a.first[node], a.count[node], a.kind[node]
    a.key[node] = a.n_keys
    for k in range(count):
        a.order[k] = first + k
    if kind != FUNCTION:
        _sort_parts(a, count)
    _add_to_key(a, float(kind))
    if kind == VARIABLE:
        _add_to_key(a, float(a.symbol[node]))
    elif kind == CONSTANT:
        _add_to_key(a, _size(a.number[node]))
    else:
        kinds = 0
        for k in range(first, first + count):
            kinds += a.kind[a.part[k]]
        _add_to_key(a, float(kinds + (kind == FUNCTION)))
        if kind == FUNCTION:
            _add_to_key(a, float(a.rank[a.symbol[node]]))
        _add_forms(a, kind, count)
    a.n_form[node] = a.n_keys - a.key[node]
    if kind == PRODUCT:
        _add_to_key(a, _size(a.number[node]))
    for k in range(count):
        part = a.part[a.order[k]]
        for at in range(a.key[part] + a.n_form[part], a.key[part] + a.n_form[part] + a.n_within[part]):
            _add_to_key(a, a.keys[at])
    a.n_within[node] = a.n_keys - a.key[node] - a.n_form[node]


@kernel(inner=True, exact=True)
def _sort_parts(a, count):
    """Sorts `order`, places of parts, by these and their weights."""
    for k in range(1, count):
        place, at = a.order[k], k
        while at > 0 and _compare_parts(a, a.order[at - 1], place) > 0:
            a.order[at] = a.order[at - 1]
            at -= 1
        a.order[at] = place


@kernel(inner=True, exact=True)
def _add_forms(a, kind, count):
    for k in range(count):
        part = a.part[a.order[k]]
        for at in range(a.key[part], a.key[part] + a.n_form[part]):
            _add_to_key(a, a.keys[at])
        if kind != FUNCTION:
            _add_to_key(a, _size(a.weight[a.order[k]]))
    if kind != FUNCTION:
        _add_to_key(a, _END)


@kernel(inner=True, exact=True)
def _add_to_key(a, number):
    if a.n_keys == MOST_KEYS:
        a.status = FULL
    else:
        a.keys[a.n_keys] = number
        a.n_keys += 1
