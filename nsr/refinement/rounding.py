"""Equations with round constants, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nsr.clock import Clock
from nsr.expressions.expression import Expression, is_variable
from nsr.expressions.rewriting import tidied
from nsr.refinement.candidates import Candidate, as_found_by, scored
from nsr.refinement.snapping import snap
from nsr.task import Task

# What an exponent is written as; where it is 1, there is none of these.
_POWERS = {"pow", "square", "cube", "sqrt"}
# What shifts and scales a variable, and what a polynomial is made of besides.
_LINEAR = {"add", "sub", "mul", "neg"}
_OF_POLYNOMIALS = _LINEAR | _POWERS
_OF_PRODUCTS = {"mul", "div", "inv", "neg"} | _POWERS
_ARITHMETIC = _OF_POLYNOMIALS | _OF_PRODUCTS


def rounded(candidate: Candidate, task: Task, clock: Clock = Clock()) -> Candidate | None:
    """The candidate with as many round constants as the data allow, written as short as that makes it.

    What a curve is where one of its exponents is 1, as Hill's is Michaelis and Menten's, has not its name,
    unless it is a product of powers; nor has what is left where a part of it has vanished, as of Hill's that
    never saturates.

    Args:
        candidate: A refined candidate.
        task: What it explains.
        clock: Once it is over no further constant is tried.

    Returns:
        The shorter form, or None where no constant may be round.
    """
    snapped = snap(candidate, task, clock)
    if snapped is None:
        return None
    # Tidied, (x/y)**12 is a ratio of powers, and longer than with a constant that is not round.
    forms = scored([tidied(snapped.expression), snapped.expression], task)
    best = min(forms, key=lambda one: one.bits)
    is_another = _has_lost_a_power(candidate, best) or _has_lost_a_part(candidate, snapped)
    own = replace(candidate, name="") if is_another else candidate
    return as_found_by([own], [best], task)[0]


def _has_lost_a_power(candidate: Candidate, best: Candidate) -> bool:
    """Whether a power has become its base, and is not one of a product of several."""
    expression = best.expression
    if len(expression.variables) > 1 and _is_made_of(expression, _OF_PRODUCTS):
        return False
    return _n_powers(best) < _n_powers(candidate)


def _n_powers(candidate: Candidate) -> int:
    return sum(token in _POWERS for token in candidate.expression.tokens)


def _has_lost_a_part(candidate: Candidate, snapped: Candidate) -> bool:
    """Whether a constant has become 0 without which a curve is another one; a polynomial stays what it is."""
    before, after = candidate.expression, snapped.expression
    if _is_made_of(after, _OF_POLYNOMIALS):
        return False
    pairs = enumerate(zip(before.tokens, after.tokens, strict=True))
    vanished = {place for place, (own, new) in pairs if new == 0.0 and own != 0.0}
    return not vanished.issubset(_offsets(after))


def _offsets(
    expression: Expression, start: int = 0, is_whole: bool = True, scope: Expression | None = None
) -> Iterator[int]:
    """Places of numbers that a curve may do without: summands of the whole, and what shifts a variable.

    What is added to a variable that stands in the same product or ratio again does more than shift it: in
    x*(x + d) + c it is a coefficient, in x/(x + k) what the curve is.

    Args:
        expression: The whole, or a part of it.
        start: Where the part begins.
        is_whole: Whether the part is the whole, or a summand of it.
        scope: The summand, or the argument of a function, that the part stands in.
    """
    token, children = expression.tokens[0], expression.children
    is_sum = token in {"add", "sub"}
    scope = expression if is_whole or scope is None else scope
    place = start + 1
    for own, child in enumerate(children):
        if is_sum and not isinstance(child.tokens[0], str):
            if is_whole or _is_shifted(children[1 - own], scope):
                yield place
        else:
            is_summand = is_whole and (is_sum or token == "neg")
            is_argument = token not in _ARITHMETIC
            yield from _offsets(child, place, is_summand, child if is_argument else scope)
        place += len(child)


def _is_shifted(part: Expression, scope: Expression) -> bool:
    """Whether a part is a multiple of variables that stand nowhere else in the scope."""
    own = [token for token in part.tokens if is_variable(token)]
    return _is_made_of(part, _LINEAR) and all(scope.tokens.count(token) == 1 for token in own)


def _is_made_of(expression: Expression, operators: set[str]) -> bool:
    tokens = (token for token in expression.tokens if isinstance(token, str) and not is_variable(token))
    return operators.issuperset(tokens)
