"""The right-hand sides of each component: from all stages, the most promising first."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator

from nsr.expressions.expression import Expression
from nsr.expressions.simplify import simplify
from nsr.ode.forms import form
from nsr.ode.motion import System
from nsr.ode.ranking import by_description
from nsr.ode.stage import Proposals
from nsr.ode.task import OdeTask


class Candidates:
    """Collects what stages propose, and remembers which proposed what first."""

    def __init__(self, task: OdeTask) -> None:
        self._task = task
        self._lists: Proposals = [[] for _ in range(task.n_states)]
        still = tuple(map(task.motion.still, range(task.n_states)))
        self._ranked = [[one] for one in task.left_open(still)]
        self._stages: dict[tuple[int, Hashable], str] = {}

    def add(self, stage: str, proposals: Proposals) -> None:
        """Takes in the proposals of a stage; states that never move need none."""
        for component, lists in enumerate(proposals):
            if self._task.is_sought[component]:
                self._lists[component] += lists
                expressions = list(self._distinct(component))
                for expression in expressions:
                    self._stages.setdefault((component, form(expression)), stage)
                ranked = by_description(expressions, self._task, component)
                self._ranked[component] = ranked or [self._task.motion.still(component)]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was proposed yet."""
        return not any(self._lists)

    @property
    def ranked(self) -> list[list[Expression]]:
        """Right-hand sides of each component, the most promising first; never none."""
        return self._ranked

    def stage_of(self, system: System, otherwise: str) -> str:
        """The stages that found the components of a system; none for a system of constants.

        Args:
            system: The system, constants of which may have moved.
            otherwise: Who found what no stage proposed.
        """
        if not any(expression.variables for expression in system):
            return ""
        found = (
            self._stages.get((component, form(expression)), otherwise)
            for component, expression in enumerate(system)
            if self._task.is_sought[component]
        )
        return ", ".join(dict.fromkeys(found))

    def _distinct(self, component: int) -> Iterator[Expression]:
        """Those that lead their lists first; of those with the same terms, one for each width."""
        lists = self._lists[component]
        n_seen: dict[Expression, int] = {}
        for fit in itertools.chain.from_iterable(itertools.zip_longest(*lists)):
            if fit is None:
                continue
            skeleton = fit.expression.skeleton()
            n_seen[skeleton] = n_seen.get(skeleton, 0) + 1
            if n_seen[skeleton] <= len(self._task.weak_forms_of(component)):
                yield from self._task.allowed(component, [simplify(fit.expression)])
