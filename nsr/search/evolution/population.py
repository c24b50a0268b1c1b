"""Genetic programming that starts from what the other stages found (as in Mundhenk et al., arXiv:2111.00053).

Every child's constants are refined before it is judged, all children of a generation in one batch. What
survives are the best equations of each complexity, so that short forms are not crowded out by accurate
long ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from nsr.expressions.expression import Expression, apply, constant, subtree_end, variable
from nsr.expressions.operator import MOST_ARGUMENTS
from nsr.expressions.simplify import simplify
from nsr.expressions.space import SearchSpace
from nsr.refinement.candidates import Candidate
from nsr.search.settings import OFFSET, EvolutionSettings

_SCALE_START = 1.0 + OFFSET


class Population:
    """The survivors, and all skeletons that have ever been tried.

    Args:
        n_variables: Variables that children may use.
        seed: Seed of all choices.
        settings: The numbers of evolution.
        space: Which children may be looked at, and made of what.
    """

    def __init__(
        self, n_variables: int, seed: int, settings: EvolutionSettings, space: SearchSpace = SearchSpace()
    ) -> None:
        self.members: list[Candidate] = []
        self._n_variables = n_variables
        self._rng = np.random.default_rng(seed)
        self._settings = settings
        self._tried: set[Expression] = set()
        self._space = space
        self._names = {n: space.operators.drawn(n) for n in range(1, MOST_ARGUMENTS + 1)}
        self._changes: tuple[Callable[[Expression], Expression], ...] = (
            self._crossed, self._crossed, self._with_term, self._with_factor, self._wrapped, self._shortened,
            self._with_other_leaf, self._with_other_operator,
        )  # fmt: skip

    def add(self, members: Iterable[Candidate]) -> None:
        """Takes new members in, and lets the worst go."""
        shortest: dict[Expression, Candidate] = {}
        for member in (*self.members, *members):
            skeleton = member.expression.skeleton()
            self._tried.add(skeleton)
            if np.isfinite(member.bits) and (
                skeleton not in shortest or member.bits < shortest[skeleton].bits
            ):
                shortest[skeleton] = member
        ranked = sorted(shortest.values(), key=lambda member: member.bits)
        places: dict[float, int] = {}
        kept = []
        for rank, member in enumerate(ranked):
            complexity = member.complexity
            places[complexity] = places.get(complexity, 0) + 1
            if rank < self._settings.n_best or places[complexity] <= self._settings.n_each:
                kept.append(member)
        self.members = kept

    def children(self, n: int) -> list[Expression]:
        """Up to n equations that have not been tried, made from members by crossover and mutation."""
        if not self.members:
            return []
        result: dict[Expression, Expression] = {}
        for _ in range(self._settings.attempts * n):
            if len(result) == n:
                break
            change = self._changes[int(self._rng.integers(len(self._changes)))]
            raw = change(self._parent())
            child = self._space.kept(raw, simplify(raw))
            if not child.variables or child.complexity > self._settings.max_complexity:
                continue
            skeleton = child.skeleton()
            if skeleton not in self._tried:
                self._tried.add(skeleton)
                if self._space.allows(child):
                    result[skeleton] = child
        return list(result.values())

    def incomplete(self, hole: int) -> tuple[Expression, Expression]:
        """A member with a part left out or a term or factor wanted, and the part's present form.

        Args:
            hole: Index of the variable that stands where something is wanted.
        """
        form, s = self._rng.random(), self._settings
        name, present = ("add", constant(0.0)) if form < s.term_share else ("mul", constant(1.0))
        left_out: list[Expression] = [present]

        def opened(old: Expression) -> Expression:
            if form < s.term_share + s.factor_share:
                return apply(name, old, variable(hole))
            left_out[0] = old
            return variable(hole)

        return self._replaced(self._parent(), opened), left_out[0]

    def _parent(self) -> Expression:
        """A member; better ones are likelier."""
        rank = int(len(self.members) * self._rng.random() ** self._settings.favour)
        return self.members[rank].expression

    def _crossed(self, parent: Expression) -> Expression:
        return self._replaced(parent, lambda _: self._subtree(self._parent()))

    def _with_term(self, parent: Expression) -> Expression:
        term = apply("mul", constant(_SCALE_START), self._part())
        return self._replaced(parent, lambda old: apply("add", old, term))

    def _with_factor(self, parent: Expression) -> Expression:
        name = "mul" if self._rng.random() < 0.5 or not self._space.operators.has("div") else "div"
        return self._replaced(parent, lambda old: apply(name, old, self._part()))

    def _wrapped(self, parent: Expression) -> Expression:
        name = self._operator(1)
        return self._replaced(parent, lambda old: _applied(name, old))

    def _shortened(self, parent: Expression) -> Expression:
        """A subtree gives way to one of its children."""
        return self._replaced(
            parent, lambda old: self._choice(old.children) if old.children else self._leaf()
        )

    def _with_other_leaf(self, parent: Expression) -> Expression:
        return self._replaced(parent, lambda old: old if old.children else self._leaf())

    def _with_other_operator(self, parent: Expression) -> Expression:
        def other(old: Expression) -> Expression:
            children = old.children
            return _applied(self._operator(len(children)), *children) if children else old

        return self._replaced(parent, other)

    def _part(self) -> Expression:
        """Something small: a leaf, a function of one, or a subtree of a member."""
        draw, s = self._rng.random(), self._settings
        if draw < s.leaf_share:
            return self._leaf()
        if draw < s.leaf_share + s.function_share:
            return _applied(self._operator(1), self._leaf())
        return self._subtree(self._parent())

    def _operator(self, arity: int) -> str | None:
        """An operator of this many arguments, if there is one."""
        names = self._names[arity]
        return names[int(self._rng.integers(len(names)))] if names else None

    def _leaf(self) -> Expression:
        if self._rng.random() < self._settings.constant_share:
            return constant(float(self._rng.standard_normal()) + OFFSET)
        return variable(int(self._rng.integers(self._n_variables)))

    def _choice(self, options: tuple[Expression, ...]) -> Expression:
        return options[int(self._rng.integers(len(options)))]

    def _subtree(self, expression: Expression) -> Expression:
        start = int(self._rng.integers(len(expression)))
        return Expression(expression.tokens[start : subtree_end(expression.tokens, start)])

    def _replaced(self, parent: Expression, new: Callable[[Expression], Expression]) -> Expression:
        """The parent with a random subtree replaced by what `new` makes of it."""
        start = int(self._rng.integers(len(parent)))
        stop = subtree_end(parent.tokens, start)
        middle = new(Expression(parent.tokens[start:stop]))
        return Expression(parent.tokens[:start] + middle.tokens + parent.tokens[stop:])


def _applied(name: str | None, *arguments: Expression) -> Expression:
    """An operator of arguments; the first of these without one."""
    return arguments[0] if name is None else apply(name, *arguments)
