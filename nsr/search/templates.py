"""Equations of a template whose parts are to be found: from a task to a front.

Parts are found in turn. At first all are polynomials that are fitted together; then each is looked for by a
search of its own in what the others leave to it, and what that finds is fitted again together with all other
parts. At the end the best forms of all parts are combined.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.evaluate.shape_checks import surely_allowed
from nsr.expressions.expression import Expression, apply, constant
from nsr.expressions.rewriting import tidied
from nsr.expressions.simplify import simplify
from nsr.expressions.template import Template
from nsr.refinement.candidates import Candidate, scored, with_shape
from nsr.refinement.choice import Front, chosen_front
from nsr.refinement.description import description_length
from nsr.refinement.refine import Effort, refine
from nsr.refinement.selection import pareto_front, without_duplicates
from nsr.refinement.snapping import snap
from nsr.refinement.uncertainty import most_likely
from nsr.search.engine import Ending
from nsr.search.solve import LimitsError, Solver
from nsr.search.template_parts import Board
from nsr.search.watching import Seen, Watch
from nsr.task import ROWS, Task

# Rounds, each with the share of the time that its searches may take, and that of the choice at the end.
_ROUNDS = (0.4, 0.2, 0.1)
_OF_CHOICE = 0.1
# Forms of a part that a search hands on, those that are combined with others, and combinations.
_MOST_FORMS, _MOST_COMBINED, _MOST_COMBINATIONS = 60, 12, 96
# Efforts on polynomials, on a form among other parts, and on combinations.
_SMOOTH = Effort(restarts=16, points=1_000, iterations=60)
_AMONG = Effort(restarts=1, points=ROWS, iterations=40)
_COMBINED = Effort(restarts=2, points=ROWS, iterations=60)
# Combinations that are rounded.
_MOST_ROUNDED = 8


def solve_template(
    solver: Solver,
    task: Task,
    template: Template,
    clock: Clock,
    named: Mapping[str, int] = MappingProxyType({}),
) -> tuple[Front, Task]:
    """Searches until the clock is over, or something exact is found.

    Args:
        solver: Searches the parts.
        task: In the user's units.
        template: Over the task's columns.
        clock: For everything.
        named: Columns of the task that hold numbers which the template has by name.

    Returns:
        The front, of equations of this form only, and the task.

    Raises:
        LimitsError: If limits or units rule out every equation that was tried.
    """
    search = _Templates(solver, Board.of(task, template), named)
    search.begin()
    try:
        ended = _ended(search, clock)
    except KeyboardInterrupt:
        ended = "interrupted"
    candidates = search.finished(clock)
    if not candidates:
        raise LimitsError(
            "no equation of the template that was tried keeps to all limits and units: loosen one of them, "
            "or give the search more time with time_limit"
        )
    solver.ended, own = ended, search.board.task
    front = solver.with_enough(chosen_front(candidates, own, solver.rule, clock), candidates, own)
    rows = [search.likeliest(candidate) for candidate in front.candidates]
    solver.found = search.with_numbers(candidates, task)
    solver.note_time(clock)
    return replace(front, candidates=search.with_numbers(rows, task)), task


def _ended(search: _Templates, clock: Clock) -> Ending:
    """Goes through the rounds; why they have ended."""
    seconds, deadline, spent = clock.left, clock.deadline, 0.0
    n_parts = len(search.board.template.parts)
    for share in _ROUNDS:
        before = search.best_bits
        for part in range(n_parts):
            spent += share / n_parts
            until = replace(clock, deadline=deadline - (1 - spent) * seconds)
            search.look_for(part, until.within(share / n_parts * seconds))
        search.combine(clock.reserving(_OF_CHOICE))
        if search.solver.ended in ("interrupted", "stopped") or search.is_enough:
            return "interrupted" if search.solver.ended == "interrupted" else "stopped"
        if search.is_exact:
            return "answered"
        if clock.is_over or not search.best_bits < before:
            break
    return "exhausted"


@dataclass
class _Templates:
    """What is known of each part.

    Attributes:
        solver: Searches parts.
        board: Task and template.
        named: Columns that hold numbers of the template.
        current: The best equation so far, over the board's wide columns.
        forms: The best forms of each part, over the columns, with constants.
        found: Equations of which all parts have forms, over columns and numbers, by skeleton.
    """

    solver: Solver
    board: Board
    named: Mapping[str, int]
    current: Expression = field(default_factory=lambda: constant(0.0))
    forms: list[list[Expression]] = field(default_factory=list)
    found: dict[Expression, Candidate] = field(default_factory=dict)

    def begin(self) -> None:
        """All parts as polynomials, and as constants."""
        board, template = self.board, self.board.template
        start = template.filled(board.smooth, [1.0] * len(template.constants))
        self.current, _ = self._fitted([start], _SMOOTH)[0]
        self.forms = [[constant(1.0)] for _ in template.parts]
        own = [template.split(start) for start in self.solver.starts]
        begun = [[constant(1.0)] * len(template.parts), *(one[0] for one in own if one is not None)]
        self._keep([template.filled(parts, self._constants) for parts in begun], Clock())

    @property
    def best_bits(self) -> float:
        """Bits of the shortest description so far."""
        return min((candidate.bits for candidate in self.found.values()), default=math.inf)

    @property
    def is_exact(self) -> bool:
        """Whether something leaves nothing but rounding errors."""
        found = [c for c in self.found.values() if self.board.task.is_exact(c.loss)]
        return any(self._is_allowed(candidate.expression) for candidate in found)

    @property
    def is_enough(self) -> bool:
        """Whether an equation is as good as the user has asked for."""
        found = [c for c in self.found.values() if self.solver.is_enough(c, self.board.task)]
        return any(self._is_allowed(candidate.expression) for candidate in found)

    def look_for(self, part: int, clock: Clock) -> None:
        """Searches for one part in what the others leave to it, and keeps what fits best among them."""
        board = self.board
        left = board.left_for(self.current, part)
        if left is None or clock.is_out_of_time or self.solver.ended in ("interrupted", "stopped"):
            return
        own = replace(self.solver, is_loss_open=False, starts=(), n_tried=0, watch=self._watch(part))
        own.stop_when = None
        _, found = own.explored(left, (), clock)
        self.solver.n_tried += own.n_tried
        if own.ended in ("interrupted", "stopped"):
            self.solver.ended = own.ended
        best = list(dict.fromkeys((*pareto_front(found), *sorted(found, key=lambda c: c.bits)[:_MOST_FORMS])))
        forms = _varied(board.on_columns(candidate.expression, part) for candidate in best)
        forms += [form for form in self.forms[part] if form not in forms]
        equations = [self._with(part, form) for form in forms]
        fitted = sorted(self._fitted(equations, _AMONG), key=lambda pair: self._bits(*pair))
        kept = [equation for equation, loss in fitted if math.isfinite(loss)][:_MOST_COMBINED]
        if kept:
            self.current = kept[0]
            self.forms[part] = [self._parts(equation)[part] for equation in kept]

    def combine(self, clock: Clock) -> None:
        """Fits the best forms of all parts together."""
        most = max(2, int(_MOST_COMBINATIONS ** (1 / len(self.forms))))
        chosen = itertools.product(*(forms[:most] for forms in self.forms))
        self._keep([self.board.template.filled(parts, self._constants) for parts in chosen], clock)
        best = min(self.found.values(), key=lambda candidate: candidate.bits)
        self.current = best.expression
        for part, form in enumerate(self._parts(best.expression)):
            same = form.skeleton()
            self.forms[part] = [form, *(one for one in self.forms[part] if one.skeleton() != same)]

    def finished(self, clock: Clock) -> list[Candidate]:
        """What was found, the best also with round constants, as far as limits allow it."""
        task = self.board.task
        result: list[Expression] = []
        for place, candidate in enumerate(sorted(self.found.values(), key=lambda one: one.bits)):
            result.append(candidate.expression)
            if place < _MOST_ROUNDED and not (place and clock.is_over):
                likely = scored([most_likely(candidate.expression, task)], task)[0]
                snapped = snap(likely, task, clock if place else Clock())
                result.append((snapped or likely).expression)
        plain = dict.fromkeys(map(self._tidied, result))
        return without_duplicates(scored(list(filter(self._is_allowed, plain)), task, "template"), task)

    def likeliest(self, candidate: Candidate) -> Candidate:
        """A candidate with its constants, but for round ones, where all rows together are most likely."""
        task = self.board.task
        new = scored([most_likely(candidate.expression, task)], task, candidate.stage)[0]
        return new if new.loss <= candidate.loss and self._is_allowed(new.expression) else candidate

    def with_numbers(self, candidates: Sequence[Candidate], task: Task) -> list[Candidate]:
        """The candidates for a task that has no columns for the template's numbers."""
        return scored([self._plain(candidate.expression) for candidate in candidates], task, "template")

    def _is_allowed(self, equation: Expression) -> bool:
        return bool(surely_allowed([self._plain(equation)], self.board.task.space)[0])

    def _plain(self, equation: Expression) -> Expression:
        template = self.board.template
        return template.with_names(template.with_numbers(equation), self.named)

    @property
    def _constants(self) -> list[float]:
        found = self.board.template.split(self.current)
        assert found is not None
        return [one.constants[0] for one in found[1]]

    def _parts(self, equation: Expression) -> list[Expression]:
        found = self.board.template.split(equation)
        assert found is not None
        return found[0]

    def _with(self, part: int, form: Expression) -> Expression:
        """The current equation with another form of one part."""
        parts = self._parts(self.current)
        parts[part] = form
        return self.board.template.filled(parts, self._constants)

    def _fitted(self, equations: Sequence[Expression], effort: Effort) -> list[tuple[Expression, float]]:
        """Equations over the wide columns with refined constants, and their losses."""
        program = Program(list(equations), self.board.wide.n_threads)
        refined = refine(program, self.board.wide, effort)
        return list(zip(program.expressions_with(refined.constants), refined.loss.tolist(), strict=True))

    def _bits(self, equation: Expression, loss: float) -> float:
        return description_length(equation, loss, self.board.wide)

    def _keep(self, equations: Sequence[Expression], clock: Clock) -> None:
        """Fits equations whose parts all have forms, and keeps the best of each skeleton."""
        task = self.board.task
        usable = [one for one in equations if max(one.variables, default=0) < task.n_variables]
        program = Program(usable, task.n_threads)
        refined = refine(program, task, _COMBINED, clock)
        self.solver.n_tried += len(usable)
        fitted = scored(program.expressions_with(refined.constants), task, "template")
        for candidate in with_shape([c for c in fitted if math.isfinite(c.bits)], task, is_form_kept=True):
            skeleton = candidate.expression.skeleton()
            rival = self.found.get(skeleton)
            if rival is None or candidate.bits < rival.bits:
                self.found[skeleton] = candidate

    def _tidied(self, equation: Expression) -> Expression:
        """The equation with each of its parts in its shortest form."""
        template = self.board.template
        found = template.split(equation)
        assert found is not None
        return template.filled([tidied(part) for part in found[0]], [one.constants[0] for one in found[1]])

    def _watch(self, part: int) -> Watch | None:
        """Tells whoever watches of a part, over the columns."""
        watch, board = self.solver.watch, self.board
        if watch is None:
            return None
        name = board.template.parts[part].name

        def seen(one: Seen) -> Seen:
            return replace(one, expression=board.on_columns(one.expression, part))

        def tell(at_work: str, best: Seen | None, n_tried: int, front: tuple[Seen, ...]) -> None:
            assert watch is not None
            n_before = self.solver.n_tried
            watch(f"{at_work} for {name}", best and seen(best), n_before + n_tried, tuple(map(seen, front)))

        return tell


def _varied(forms: Iterable[Expression]) -> list[Expression]:
    """Forms, and these without an addend or a factor that other parts of the template may take up."""
    found: dict[Expression, Expression] = {}
    for form in forms:
        own = [simplify(form)]
        for _ in range(2):
            own += [bare for one in own for bare in _without_constant(one)]
        for one in own:
            found.setdefault(one.skeleton(), one)
    return list(found.values())


def _without_constant(form: Expression) -> list[Expression]:
    """A sum without its constant term, or a product without its constant factor."""
    name, children = form.tokens[0], form.children
    if name not in ("add", "sub", "mul", "div") or not form.variables:
        return []
    is_number = [len(child) == 1 and not isinstance(child.tokens[0], str) for child in children]
    if not any(is_number):
        return []
    left, right = children
    if is_number[1]:
        return [left]
    if name == "sub":
        return [apply("neg", right), right]
    return [apply("div", constant(1.0), right)] if name == "div" else [right]
