"""Structure: families and separation in ever smaller states, then what the larger ones are affine in."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Generator, Hashable, Iterator
from dataclasses import replace

from nsr.clock import Clock
from nsr.expressions.expression import Expression, constant
from nsr.expressions.space import SearchSpace
from nsr.refinement.candidates import Candidate
from nsr.search.context import Context
from nsr.search.state import State
from nsr.search.structure.divide import PartSolver
from nsr.search.structure.families import WORK, relations
from nsr.search.structure.merging import merged
from nsr.search.structure.neighbours import is_blind, told_by_neighbours
from nsr.search.structure.reduction import groupings, is_usable, reductions
from nsr.search.structure_settings import LowRankSettings, ReductionSettings, StructureSettings
from nsr.search.surrogate import Surrogate

COMPONENTS = frozenset({"families", "separation", "reduction"})


class Structure:
    """The cheap stage that comes first; see `nsr.search.stage.Stage`."""

    components = COMPONENTS

    def __init__(self, settings: StructureSettings) -> None:
        self.head_start, self.share = settings.head_start, settings.share

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """The smallest states first; what comes late is where each part is a search."""
        late: list[State] = []
        split: set[Hashable] = set()
        for starts in _passes(context, clock):
            visited = yield from self._explored(context, starts, clock)
            if context.is_answered(context.settings.short):
                return
            if any(start.products is None for start in starts):
                late += visited
                continue
            yield from self._all_split(context, visited, clock)
            split |= {state.key for state in visited}
        for state in _with_finer_surrogates(context, clock):
            yield from self._apart(context, state, state.best_of_each_output, clock)
            split.add(state.key)
        yield from self._all_split(context, [state for state in late if state.key not in split], clock)

    def _explored(
        self, context: Context, starts: list[State], clock: Clock
    ) -> Generator[list[Candidate], None, list[State]]:
        """Solves states with few variables first: what one leads on to without a loss comes before itself.

        Returns:
            The states that it has looked at.
        """
        visited: list[State] = []
        order = itertools.count()
        queue = [((0, 0.0, next(order)), start) for start in starts]
        seen = {start.key for start in starts}
        known = {state.key for state in context.states}
        expanded: set[int] = set()
        while queue and not (visited and clock.is_over):
            (_, _, number), state = heapq.heappop(queue)
            if number not in expanded:
                expanded.add(number)
                visited.append(state)
                if state.key not in known:
                    context.states.append(state)
                children = [c for c in self._children(context, state, clock) if c.key not in seen]
                seen |= {child.key for child in children}
                levels = [child.lift(constant(child.level)) for child in children if not child.n_variables]
                if levels:
                    yield context.polished(levels, "reduction", clock)
                smaller = [child for child in children if child.n_variables]
                for child in smaller:
                    heapq.heappush(queue, ((child.n_variables, child.error, next(order)), child))
                if any(
                    child.error < max(context.settings.structure.lossless, state.error) for child in smaller
                ):
                    heapq.heappush(queue, ((state.n_variables, state.error, number), state))
                    continue
            larger = [start for _, start in queue if start in starts]
            for batch in self._solved(context, state, clock):
                yield batch
                if larger and context.is_exact_by_choice:
                    yield from self._plainer(context, larger, clock)
                    break
            if context.is_answered(context.settings.short):
                break
        return visited

    def _plainer(self, context: Context, larger: list[State], clock: Clock) -> Iterator[list[Candidate]]:
        """What families find for the table itself, where a smaller state has answered for it.

        Of columns of which one is a multiple of another, that state has both, and a constant instead.
        """
        for start in larger if "families" in context.components else ():
            yield from self._families(context, start, clock)

    def _children(self, context: Context, state: State, clock: Clock) -> list[State]:
        if "reduction" not in context.components:
            return []
        return reductions(state, clock, context.settings.structure.reduction)

    def _solved(self, context: Context, state: State, clock: Clock) -> Iterator[list[Candidate]]:
        """What families and separation find for one state."""
        if "families" in context.components:
            yield from self._families(context, state, clock)
            if clock.is_over:
                return
        if "separation" in context.components:
            solver = part_solver(context, COMPONENTS, clock)
            separated = solver.separated(state, state.best_of_each_output[:1])
            yield from divided(context, state, separated, clock)
            if state.n_variables <= context.settings.structure.few_variables:
                yield from divided(context, state, solver.split(state), clock)

    def _families(self, context: Context, state: State, clock: Clock) -> Iterator[list[Candidate]]:
        for forms in relations(state, (), context.settings.structure):
            clock.spend(WORK)
            lifted = [state.lift(form) for form in forms]
            yield context.polished(lifted, stage_name("families", state, context), clock)
            if clock.is_over:
                return

    def _all_split(self, context: Context, states: list[State], clock: Clock) -> Iterator[list[Candidate]]:
        """What the larger states are affine in, or sums by a surrogate that is not the best one."""
        if "separation" not in context.components:
            return
        larger = [state for state in states if state.n_variables > context.settings.structure.few_variables]
        for state in sorted(larger, key=lambda state: (state.n_variables, state.error)):
            yield from self._apart(context, state, state.best_of_each_output[1:], clock)

    def _apart(
        self, context: Context, state: State, surrogates: list[Surrogate], clock: Clock
    ) -> Iterator[list[Candidate]]:
        """Sums and products that surrogates show, then what the state is affine in."""
        if clock.is_over or clock.work_left < context.settings.structure.least_work:
            return
        solver = part_solver(context, COMPONENTS, clock)
        yield from divided(context, state, solver.separated(state, surrogates), clock)
        yield from divided(context, state, solver.split(state), clock)


def starts(root: State, space: SearchSpace, settings: ReductionSettings) -> list[State]:
    """Where structure begins: the table itself, or what its dimensionless groups make of it."""
    units = space.units
    if units is None or units.constants == "free" or not len(units.symmetries):
        return [root]
    usable = [state for state in groupings(root, units.symmetries, settings) if is_usable(state)]
    return usable or [root]


def _passes(context: Context, clock: Clock) -> Iterator[list[State]]:
    """Where structure begins: with sums of products first where polynomials are poor."""
    products = context.settings.structure.low_rank
    if clock.work_left < products.least_work:
        yield context.starts
        return
    neighbours = context.settings.structure.neighbours
    blind = [one for one in context.starts if one.error > products.poor and is_blind(one, neighbours)]
    poor = blind
    if "reduction" in context.components:
        told = [told_by_neighbours(start, clock, neighbours) for start in blind]
        if any(told):
            yield [state for states in told for state in states]
        nearest = [(states or [start])[0] for start, states in zip(blind, told, strict=True)]
        blind = [start for start, state in zip(blind, nearest, strict=True) if state.error > products.poor]
        poor = [state for state in nearest if state.error > products.poor]
    if promising := _with_products(poor, products, clock):
        yield promising
    elif "reduction" in context.components:
        yield from _merged(poor, context.settings.structure, clock)
    yield context.starts
    # What neighbours tell may be wrong where its surrogates are poor, too.
    if promising := _with_products([start for start in blind if start not in poor], products, clock):
        yield promising


def _with_finer_surrogates(context: Context, clock: Clock) -> list[State]:
    """Where structure begins, with sums of products if polynomials are only rough.

    Polynomials have shown which smaller states there are, but may be too coarse for sums and products.
    """
    products = context.settings.structure.low_rank
    if "separation" not in context.components or clock.work_left < products.least_work:
        return []
    return _with_products(
        [start for start in context.starts if start.error <= products.poor], products, clock
    )


def _merged(poor: list[State], settings: StructureSettings, clock: Clock) -> Iterator[list[State]]:
    """States with one variable in place of two, those first where sums of products tell more."""
    tried = (merged(start, clock, settings.merging) for start in poor)
    smaller = [state for state in tried if state is not None]
    if promising := _with_products(smaller, settings.low_rank, clock):
        yield promising
    if smaller:
        yield smaller


def _with_products(starts: list[State], settings: LowRankSettings, clock: Clock) -> list[State]:
    """The same with sums of products as surrogates, where these tell much more than polynomials."""
    found = []
    for start in itertools.takewhile(lambda _: not clock.is_over, starts):
        state = replace(start, products=settings)
        if state.n_variables and state.error < min(settings.better * start.error, settings.worst):
            found.append(state)
        clock.spend(state.products_work)
    return found


def stage_name(component: str, state: State, context: Context) -> str:
    """What to call a component's find about a state, in `Candidate.stage`."""
    is_start = any(state.key == start.key for start in context.starts)
    return component if is_start else f"reduction, {component}"


def part_solver(context: Context, components: frozenset[str], clock: Clock) -> PartSolver:
    """What solves the parts of one state by searches that use some of the components."""
    own, work = components & context.components, context.settings.structure.state_work
    return PartSolver(
        lambda part, own_clock: context.search_part(part, own, own_clock),
        context.settings,
        clock.within(work),
    )


def divided(
    context: Context, state: State, found: Iterator[list[Expression]], clock: Clock
) -> Iterator[list[Candidate]]:
    """What is put together for a state, refined on the table."""
    stage = stage_name("separation", state, context)
    for forms in found:
        yield context.polished([state.lift(form) for form in forms], stage, clock)
