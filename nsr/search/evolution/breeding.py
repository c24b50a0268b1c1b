"""Children of many equations at a time, by crossover and mutation, in compiled code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.interpreter import ADD, DIV, MUL, NEG, POW, SUB
from nsr.evaluate.tape import FIRST_VARIABLE, NUMBER, Vocabulary
from nsr.expressions.operator import MOST_ARGUMENTS
from nsr.expressions.operator_set import ALL_OPERATORS, OperatorSet
from nsr.kernels import kernel
from nsr.search.evolution.genomes import Genomes
from nsr.search.evolution_settings import EvolutionSettings

# What a child differs from its parent by.
_CROSSED, _WITH_TERM, _WITH_FACTOR, _WRAPPED, _SHORTENED, _OTHER_LEAF, _OTHER_OPERATOR, _OTHER_NUMBERS = (
    range(8)
)
_CHANGES = np.array([
    _CROSSED, _CROSSED, _WITH_TERM, _WITH_FACTOR, _WRAPPED, _SHORTENED, _OTHER_LEAF, _OTHER_OPERATOR,
    _OTHER_NUMBERS,
])  # fmt: skip
# Random numbers that a child may use.
_N_DRAWS = 9
# Of what is put around a part, operators of three arguments, where there are any.
_TERNARY_SHARE = 0.5
_MAX_STACK = 128

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Grammar:
    """What children are made of, as the kernels take it.

    Attributes:
        complexities: Of all operators, by code.
        is_commutative: Whether the arguments of an operator may change places, by code.
        unary: Codes of the operators of one argument that children may have.
        binary: Codes of those of two arguments,
        ternary: and of three.
        is_allowed: Which operators children may have, by code; there are some that none is made with.
        n_variables: Variables that children may have.
    """

    complexities: NDArray[np.int64]
    is_commutative: NDArray[np.bool_]
    unary: NDArray[np.int32]
    binary: NDArray[np.int32]
    ternary: NDArray[np.int32]
    is_allowed: NDArray[np.bool_]
    n_variables: int

    @classmethod
    def of(cls, n_variables: int, allowed: OperatorSet = ALL_OPERATORS) -> Grammar:
        """The present operators that are searched and allowed, and variables."""
        words = Vocabulary.now()
        operators = words.operators
        unary, binary, ternary = (
            np.array([code for code, one in enumerate(operators) if one.name in names], np.int32)
            for names in map(allowed.drawn, range(1, MOST_ARGUMENTS + 1))
        )
        return cls(
            np.array([operator.complexity for operator in operators], np.int64),
            np.array([one.is_symmetric or (1.0, 1.0) in (one.weights, one.exponents) for one in operators]),
            unary,
            binary,
            ternary,
            np.array([allowed.may_write(one.name) for one in operators]),
            n_variables,
        )


@dataclass(frozen=True)
class Bred:
    """Children.

    Attributes:
        genomes: The children; those that came out too long have no tokens.
        complexity: Shape (N,).
        skeletons: Equal for equations that differ in their constants or in the order of arguments alone,
            shape (N,).
    """

    genomes: Genomes
    complexity: NDArray[np.int64]
    skeletons: NDArray[np.uint64]


def bred(
    members: Genomes, n: int, grammar: Grammar, rng: np.random.Generator, settings: EvolutionSettings
) -> Bred:
    """Children of members, the better of which come first and are parents more often.

    Args:
        members: At least one.
        n: How many children.
        grammar: What they are made of.
        rng: What they depend on.
        settings: The numbers of evolution.
    """
    children = Genomes.empty(n, members.codes.shape[1])
    parents, donors = (len(members) * rng.random((2, n)) ** settings.favour).astype(np.int64)
    changes = _CHANGES[rng.integers(len(_CHANGES), size=n)]
    shares = np.array([settings.constant_share, settings.leaf_share, settings.function_share])
    _breed(
        (members.codes, members.numbers, members.lengths), parents, donors, changes,
        rng.random((n, _N_DRAWS)), rng.standard_normal((n, 2)), Vocabulary.now().arities,
        (grammar.unary, grammar.binary, grammar.n_variables, grammar.ternary), shares,
        (children.codes, children.numbers, children.lengths),
    )  # fmt: skip
    return known(children, grammar)


def known(genomes: Genomes, grammar: Grammar) -> Bred:
    """Equations with their complexity and their skeletons."""
    complexity = np.zeros(len(genomes), np.int64)
    skeletons = np.zeros(len(genomes), np.uint64)
    _describe(
        genomes.codes, genomes.numbers, genomes.lengths, Vocabulary.now().arities, grammar.complexities,
        grammar.is_commutative, complexity, skeletons,
    )  # fmt: skip
    return Bred(genomes, complexity, skeletons)


@kernel(inner=True)
def _end(codes, start, arities):
    """One past the last token of the subtree that starts at a place."""
    wanted = 1
    place = start
    while wanted > 0:
        code = codes[place]
        wanted += (arities[code] if code >= 0 else 0) - 1
        place += 1
    return place


@kernel(inner=True)
def _put(codes, numbers, at, code, number):
    if at < len(codes):
        codes[at], numbers[at] = code, number
    return at + 1


@kernel(inner=True)
def _copy(source, row, start, stop, codes, numbers, at):
    """Appends the tokens of a member from start to stop."""
    for place in range(start, stop):
        at = _put(codes, numbers, at, source[0][row, place], source[1][row, place])
    return at


@kernel(inner=True)
def _put_leaf(codes, numbers, at, u, v, normal, n_variables, shares):
    if u < shares[0]:
        return _put(codes, numbers, at, NUMBER, normal)
    return _put(codes, numbers, at, FIRST_VARIABLE - np.int64(v * n_variables), 0.0)


@kernel(inner=True)
def _put_part(members, donor, codes, numbers, at, draws, normal, arities, options, shares):
    """Appends something small: a leaf, a function of one, or a subtree of another member."""
    unary = options[0]
    if draws[4] < shares[1] + shares[2]:
        if draws[4] >= shares[1] and len(unary) > 0:
            at = _put(codes, numbers, at, unary[np.int64(draws[5] * len(unary))], 0.0)
        return _put_leaf(codes, numbers, at, draws[6], draws[7], normal, options[2], shares)
    start = np.int64(draws[8] * members[2][donor])
    return _copy(members, donor, start, _end(members[0][donor], start, arities), codes, numbers, at)


@kernel
def _breed(members, parents, donors, changes, draws, normals, arities, options, shares, children):
    """Makes child i of a member; see `bred`. A child that is too long gets the length 0.

    Args:
        members: Codes, numbers and lengths of the members.
        parents: The member that each child is made of, shape (N,).
        donors: The member that it may get parts of, shape (N,).
        changes: What is changed, shape (N,).
        draws: Numbers between 0 and 1, shape (N, _N_DRAWS).
        normals: Normally distributed numbers, shape (N, 2).
        arities: Of operators, by code.
        options: Operators of one argument, of two, how many variables children may have, and operators of
            three arguments.
        shares: Of constants among leaves, and of leaves and functions of one among parts.
        children: Receives codes, numbers and lengths.
    """
    longest = children[0].shape[1]
    codes, numbers = np.empty(longest, np.int32), np.empty(longest)
    for i in range(len(parents)):
        parent = parents[i]
        own, length = members[0][parent], members[2][parent]
        start = np.int64(draws[i, 0] * length)
        if changes[i] == _OTHER_LEAF:
            while own[start] >= 0:
                start += 1
        stop = _end(own, start, arities)
        at = _copy(members, parent, 0, start, codes, numbers, 0)
        at = _put_changed(
            members, parent, donors[i], start, stop, changes[i], codes, numbers, at, draws[i], normals[i],
            arities, options, shares,
        )  # fmt: skip
        at = _copy(members, parent, stop, length, codes, numbers, at)
        if at > longest:
            continue
        if changes[i] == _OTHER_NUMBERS:
            for place in range(at):
                if codes[place] == NUMBER:
                    numbers[place] *= np.exp(normals[i, (place + 1) % 2])
        children[2][i] = _fold(codes, numbers, at, arities, children[0][i], children[1][i])


@kernel(inner=True)
def _put_changed(
    members, parent, donor, start, stop, change, codes, numbers, at, draws, normals, arities, options, shares
):
    """Appends what comes in place of a parent's tokens from start to stop; see `_breed`."""
    own, unary = members[0][parent], options[0]
    code = own[start]
    n_arguments = arities[code] if code >= 0 else 0
    if change == _CROSSED:
        first = np.int64(draws[1] * members[2][donor])
        return _copy(members, donor, first, _end(members[0][donor], first, arities), codes, numbers, at)
    if change in (_WITH_TERM, _WITH_FACTOR):
        joint = ADD if change == _WITH_TERM else MUL if draws[2] < 0.5 else DIV
        at = _put(codes, numbers, at, joint, 0.0)
        at = _copy(members, parent, start, stop, codes, numbers, at)
        if change == _WITH_TERM:
            at = _put(codes, numbers, at, MUL, 0.0)
            at = _put(codes, numbers, at, NUMBER, normals[1])
        return _put_part(members, donor, codes, numbers, at, draws, normals[0], arities, options, shares)
    ternary = options[3]
    if change == _WRAPPED and len(ternary) > 0 and draws[3] < _TERNARY_SHARE:
        at = _put(codes, numbers, at, ternary[np.int64(draws[2] * len(ternary))], 0.0)
        at = _put_part(members, donor, codes, numbers, at, draws, normals[0], arities, options, shares)
        at = _copy(members, parent, start, stop, codes, numbers, at)
        return _put_leaf(codes, numbers, at, draws[1], draws[7], normals[1], options[2], shares)
    if change == _WRAPPED and len(unary) > 0:
        at = _put(codes, numbers, at, unary[np.int64(draws[2] * len(unary))], 0.0)
    elif change in (_SHORTENED, _OTHER_LEAF):
        if n_arguments == 0:
            return _put_leaf(codes, numbers, at, draws[6], draws[7], normals[0], options[2], shares)
        start += 1
        for skipped in range(1, n_arguments):
            if draws[2] < skipped / n_arguments:
                start = _end(own, start, arities)
        stop = _end(own, start, arities)
    elif change == _OTHER_OPERATOR and n_arguments in (1, 2):
        others = unary if n_arguments == 1 else options[1]
        if len(others) == 0:
            return _copy(members, parent, start, stop, codes, numbers, at)
        at = _put(codes, numbers, at, others[np.int64(draws[2] * len(others))], 0.0)
        start += 1
    return _copy(members, parent, start, stop, codes, numbers, at)


@kernel(inner=True)
def _fold(codes, numbers, length, arities, out_codes, out_numbers):
    """Copies an equation, functions of constants as constants; returns its length."""
    first = len(out_codes)
    is_number = np.empty(_MAX_STACK, np.bool_)
    depth = 0
    for place in range(length - 1, -1, -1):
        code, number = codes[place], numbers[place]
        n_arguments = arities[code] if code >= 0 else 0
        all_numbers = n_arguments > 0
        for argument in range(n_arguments):
            all_numbers = all_numbers and is_number[depth - 1 - argument]
        if all_numbers:
            number = out_numbers[first]
            if n_arguments == 2:
                number = _combined(code, number, out_numbers[first + 1])
            elif code == NEG:
                number = -number
            first += n_arguments
            code = NUMBER
        depth += 1 - n_arguments
        is_number[depth - 1] = code == NUMBER
        first -= 1
        out_codes[first], out_numbers[first] = code, number
    n = len(out_codes) - first
    for place in range(n):
        out_codes[place], out_numbers[place] = out_codes[first + place], out_numbers[first + place]
    return n


@kernel(inner=True)
def _combined(code, a, b):
    """Where a constant that is a function of two begins; of other functions any value is as good."""
    if code == ADD:
        return a + b
    if code == SUB:
        return a - b
    if code == MUL:
        return a * b
    if code == DIV and b != 0:
        return a / b
    return a


@kernel(inner=True)
def _mixed(value):
    """A permutation of 64-bit numbers that looks random (the finaliser of splitmix64)."""
    value = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel
def _describe(codes, numbers, lengths, arities, complexities, is_commutative, complexity, skeletons):
    """Complexity and skeleton of each equation; see `Bred`."""
    stack = np.empty(codes.shape[1] + 1, np.uint64)
    for i in range(len(lengths)):
        depth = 0
        total = 0
        for place in range(lengths[i] - 1, -1, -1):
            code = codes[i, place]
            total += complexities[code] if code >= 0 else 1
            value = _mixed(np.uint64(np.int64(code) + 1000))
            if code >= 0:
                first = stack[depth - 1]
                if arities[code] == 2:
                    depth -= 1
                    second = stack[depth - 1]
                    if not is_commutative[code]:
                        first = _mixed(first)
                    if code == POW:  # whose exponent belongs to the skeleton
                        second += np.uint64(
                            np.int64(np.round(6 * _number_at(codes, numbers, i, place, arities)))
                        )
                    first = first + second
                elif arities[code] > 2:
                    for _ in range(arities[code] - 1):
                        depth -= 1
                        first = _mixed(first) + stack[depth - 1]
                depth -= 1
                value = _mixed(value ^ _mixed(first))
            stack[depth] = value
            depth += 1
        complexity[i] = total
        skeletons[i] = stack[0] if lengths[i] > 0 else np.uint64(0)


@kernel(inner=True)
def _number_at(codes, numbers, i, place, arities):
    """The second argument of the operator at a place, if it is a number."""
    second = _end(codes[i], place + 1, arities)
    return numbers[i, second] if codes[i, second] == NUMBER else 0.0
