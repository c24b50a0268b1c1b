"""The network's stages: asked about the table first, then, taking turns, about what structure made of it."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, constant
from nsr.network.guess import guess
from nsr.refinement.candidates import Candidate, fitted
from nsr.search.context import Context
from nsr.search.dictionary import frequent_subtrees
from nsr.search.settings import OFFSET
from nsr.search.state import State
from nsr.search.structure.families import WORK, relations
from nsr.search.structure.stage import COMPONENTS as STRUCTURE
from nsr.search.structure.stage import divided, part_solver, stage_name


class AskingAboutTable:
    """The network's guesses about the first state, refined; see `nsr.search.stage.Stage`."""

    components = frozenset({"network"})
    head_start = -1.5
    share = 1.0

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """One batch for each round of refinement."""
        state = (context.states or context.starts)[0]
        is_known = 0 < state.n_variables <= context.network.config.max_variables
        if is_known and clock.is_worth_loading:
            yield from _refined(context, state, asked(context, state, context.n_candidates, clock), clock)


class AskingAboutStates:
    """What guesses are made of, and guesses about smaller states; see `nsr.search.stage.Stage`."""

    components = frozenset({"network"})
    head_start = -2.0
    share = 1.0

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """State after state."""
        most = context.network.config.max_variables
        for place, state in enumerate(context.states or context.starts):
            if not 0 < state.n_variables <= most:
                continue
            if clock.is_over or not clock.is_worth_loading:
                return
            guesses = context.guesses_about.get(state.key, [])
            if place > 0:
                n_candidates = context.n_candidates // context.settings.asking.smaller
                guesses = asked(context, state, n_candidates, clock)
                yield from _refined(context, state, guesses, clock)
            if "families" in context.components:
                yield from _of_subtrees(context, state, guesses, clock)
            if "separation" in context.components:
                solver = part_solver(context, STRUCTURE | {"network"}, clock)
                separated = solver.separated(state, state.best_of_each_output[:1])
                yield from divided(context, state, separated, clock)


def asked(context: Context, state: State, n_candidates: int, clock: Clock) -> list[Expression]:
    """The network's guesses, and each with a free constant added: what it misses most often is a term."""
    settings = context.settings.asking
    guesses = guess(
        context.network,
        state.X,
        state.y,
        n_candidates=max(n_candidates, 1),
        seed=state.seed,
        operators=state.space.operators,
        clock=clock.share(settings.share).within(settings.most_work),
    )
    known = {expression.skeleton() for expression in guesses}
    shifted = [apply("add", expression, constant(OFFSET)) for expression in guesses]
    guesses += [expression for expression in shifted if expression.skeleton() not in known]
    guesses = [expression for expression in guesses if state.space.allows(expression)]
    context.guesses_about[state.key] = guesses
    return guesses


def _of_subtrees(
    context: Context, state: State, guesses: list[Expression], clock: Clock
) -> Iterator[list[Candidate]]:
    """Sums and ratios of what the guesses about a state are made of."""
    stage = stage_name("network, families", state, context)
    settings = context.settings.asking
    subtrees = frequent_subtrees(guesses, settings.n_subtrees, settings.max_subtree)
    for forms in relations(state, subtrees, context.settings.structure):
        clock.spend(WORK)
        if clock.is_over:
            return
        yield context.polished([state.lift(form) for form in forms], stage, clock)


def _refined(
    context: Context, state: State, guesses: list[Expression], clock: Clock
) -> Iterator[list[Candidate]]:
    """Guesses about a state as equations of the table, after each round of refinement."""
    stage = stage_name("network", state, context)
    current = context.allowed(guesses) if state.key == context.root.key else guesses
    for keep, effort in context.settings.asking.rounds:
        if clock.is_over or not current:
            return
        found = fitted(current[:keep], state, effort, clock, stage)
        best = found[: context.settings.asking.n_handed_on]
        if state.key == context.root.key:
            yield best
        else:
            yield context.polished([state.lift(c.expression) for c in best], stage, clock)
        current = [candidate.expression for candidate in found]
