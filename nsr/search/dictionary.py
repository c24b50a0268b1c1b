"""The network as a supplier of terms: the subtrees that its guesses share.

Where no guess is right as a whole, its parts often are; families then combine them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from nsr.expressions.expression import Expression


def frequent_subtrees(
    guesses: Iterable[Expression], count: int, max_complexity: int
) -> tuple[Expression, ...]:
    """The subtrees that occur in most guesses, each with the constants of the first guess that has it.

    Args:
        guesses: The likeliest first.
        count: How many subtrees at most.
        max_complexity: Of each.

    Returns:
        The most frequent first; variables and constants alone are not among them.
    """
    occurrences: Counter[Expression] = Counter()
    instances: dict[Expression, Expression] = {}
    for guess in guesses:
        own: dict[Expression, Expression] = {}
        for subtree in guess.subexpressions():
            if len(subtree) > 1 and subtree.variables and subtree.complexity <= max_complexity:
                own.setdefault(subtree.skeleton(), subtree)
        occurrences.update(own.keys())
        for skeleton, subtree in own.items():
            instances.setdefault(skeleton, subtree)
    return tuple(instances[skeleton] for skeleton, _ in occurrences.most_common(count))
