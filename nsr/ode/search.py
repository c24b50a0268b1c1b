"""The search for systems: stages propose right-hand sides, simulation chooses among systems of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.expressions.monomials import total_degree
from nsr.ode.baseline import baseline
from nsr.ode.candidates import Candidates
from nsr.ode.combinations import best_combinations
from nsr.ode.fitting import Fitting
from nsr.ode.forms import distinct_forms
from nsr.ode.motion import System
from nsr.ode.nearby import fit_exchanges
from nsr.ode.shooting import FittedSystem, shoot
from nsr.ode.stage import Stage
from nsr.ode.task import OdeTask
from nsr.ode.weak_refinement import fit_constants
from nsr.refinement.selection import front_of

_VARIATION = "variation"
_QUADRATIC = 2
# Is told what is at work, the front so far, simplified, the place of the best system in it, and how many were
# fitted.
Watch = Callable[[str, list[FittedSystem], int, int], None]


@dataclass(frozen=True)
class FoundSystem:
    """A system as it is reported.

    Attributes:
        system: Its equations, simplified.
        fitted: As it was fitted to whole trajectories.
        stage: The stages that found its components.
    """

    system: System
    fitted: FittedSystem
    stage: str

    @property
    def complexity(self) -> int:
        """Of all components."""
        return sum(component.complexity for component in self.system)

    @property
    def loss(self) -> float:
        """Mean squared error of the simulation in units of each state's variance, averaged over states."""
        return float(np.mean(self.fitted.unexplained))


class SystemSearch:
    """One search; what it has found so far is there whenever it is interrupted.

    Attributes:
        source: Where systems come from that no stage has proposed.
    """

    source = _VARIATION

    def __init__(self, task: OdeTask, stages: Mapping[str, Stage], watch: Watch | None = None) -> None:
        self._task, self._stages, self._watch = task, stages, watch
        self._at_work = ""
        self._candidates, self._fitting = Candidates(task), Fitting(task, self._tell)

    def run(self, clock: Clock, starts: Sequence[System] = ()) -> None:
        """Searches until there is nothing left to try, or time is up but for a last look.

        Args:
            clock: Of the search and of `found`.
            starts: Systems to begin with.
        """
        settings = self._task.settings
        clock = clock.reserving(settings.checking_share)
        planned = clock.within(settings.planned_work)
        usable = [self._task.left_open(system) for system in starts if self._is_allowed(system)]
        if usable:
            self._begin("warm_start")
            self._fitting.fit(usable, planned)
        self._propose(planned)
        if not (self._fitting.is_settled and self._fitting.is_certain):
            self._begin("exchanges")
            fit_exchanges(self._task, self._candidates.ranked, self._fitting, planned)
        if not self._fitting.is_settled:
            self._begin("combinations")
            share = planned.share(settings.combination_share)
            self._fitting.fit(best_combinations(self._candidates.ranked, self._task, share), planned)
        self._begin(_VARIATION)
        self._fitting.shorten(self._variations, clock)
        if not (self._fitting.is_settled and self._fitting.is_certain):
            self._fitting.vary(self._variations, clock)

    def _is_allowed(self, system: System) -> bool:
        return all(self._task.allowed(place, [one]) for place, one in enumerate(system))

    def _begin(self, at_work: str) -> None:
        self._at_work = at_work
        self._tell()

    def _tell(self) -> None:
        """Tells who watches what is at work, and the best system so far."""
        if self._watch is not None:
            fitted = self._fitting.fitted
            front = front_of([FoundSystem(one.system, one, "") for one in fitted]) if fitted else []
            best = next((place for place, one in enumerate(front) if one.fitted is fitted[0]), 0)
            self._watch(self._at_work, [self._plain(one.fitted) for one in front], best, len(fitted))

    def _plain(self, fitted: FittedSystem) -> FittedSystem:
        return replace(fitted, system=self._task.reported(fitted.system))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was proposed yet."""
        return self._candidates.is_empty

    def found(self, clock: Clock) -> tuple[list[FoundSystem], int]:
        """The Pareto front of complexity and loss, from simple to accurate, and the place of the best system.

        Args:
            clock: When it is over systems are no longer looked at for how sturdy they are.
        """
        self._watch = None  # whoever has enough is not asked again
        if not self._fitting.fitted:
            self._fitting.fit([tuple(expressions[0] for expressions in self._candidates.ranked)], Clock.of(0))
        fitted = self._better_than_baseline(self._fitting.best_of_each_form(clock))
        if self._task.is_thinned:
            fitted[0] = self._on_all_observations(fitted[0], clock)
        reported = [self._reported(one) for one in fitted]
        front = front_of(reported)
        return front, front.index(reported[0])

    @cached_property
    def baseline(self) -> FittedSystem:
        """What every system has to beat."""
        return baseline(self._task)

    @property
    def everything(self) -> list[FoundSystem]:
        """All systems that were fitted, the best first, not simplified."""
        return [
            FoundSystem(
                self._task.completed(one.system), one, self._candidates.stage_of(one.system, self.source)
            )
            for one in self._fitting.fitted
        ]

    def _propose(self, clock: Clock) -> None:
        """Asks stages until all have proposed, or a short system is exact."""
        for name, stage in self._stages.items():
            self._begin(name)
            proposals = stage.propose(self._task, clock)
            if any(proposals):
                self._candidates.add(name, proposals)
                self._look(clock)
                share = clock.share(self._task.settings.shortening_share)
                self._fitting.shorten(self._variations, share)
                if self._fitting.is_settled:
                    return

    def _look(self, clock: Clock) -> None:
        """Fits the best of a few combinations and the plainest; on clean observations either may be exact."""
        n = self._task.settings.n_first
        first = [expressions[:n] for expressions in self._candidates.ranked]
        share = clock.share(self._task.settings.looking_share)
        best, plainest = best_combinations(first, self._task, share)[:1], self._plainest(clock)
        if self._task.short_pieces is not None:  # fits to these say which of them is worth more
            others = [plainest, self._quadratic()]
            self._fitting.fit([*best, *(one for one in others if one is not None)], clock)
            return
        self._fitting.fit(best, clock)
        if plainest is not None and not self._fitting.is_settled:
            self._fitting.fit([plainest], clock)

    def _plainest(self, clock: Clock) -> System | None:
        """The plainest right-hand sides that leave hardly anything; None if some component has none.

        In clean observations terms that do nothing make up for errors of quadrature and of constants that
        are not fitted yet, so that what has them seems better.
        """
        s = self._task.settings
        parts: list[Expression] = []
        for component, expressions in enumerate(self._candidates.ranked):
            if not self._task.is_sought[component]:
                parts.append(expressions[0])
                continue
            weak = self._task.typical_form(component)
            fits = fit_constants(expressions[: s.n_plain], weak, component, 0, clock)
            least = min((fit.residual for fit in fits), default=0.0)
            most = max(s.plain_residual, s.plainer * least)
            good = [fit.expression for fit in fits if fit.residual <= most]
            if not good:
                return None
            parts.append(min(good, key=lambda one: one.complexity))
        return tuple(parts)

    def _quadratic(self) -> System | None:
        """The best polynomials of low degree, as most systems have; None if some component has none.

        Between few observations of chaos integrals are off by much, which functions that grow fast explain.
        """
        own = [[e for e in ranked if total_degree(e) <= _QUADRATIC] for ranked in self._candidates.ranked]
        return tuple(one[0] for one in own) if all(own) else None

    def _variations(self, system: System, component: int) -> list[Expression]:
        """What stages make of a component, and if they do, what was proposed for it elsewhere."""
        varied = (e for stage in self._stages.values() for e in stage.vary(self._task, system, component))
        own = self._task.suited(component, varied)
        if not own:
            return []
        elsewhere = distinct_forms(self._candidates.ranked[component])[: self._task.settings.n_exchanged]
        return [*own, *elsewhere]

    def _better_than_baseline(self, fitted: list[FittedSystem]) -> list[FittedSystem]:
        """Those of shorter description than the baseline, or it alone.

        The simulation of the whole alone would not do: chaos drives that of the right system astray, too.
        """
        return [one for one in fitted if one.bits < self.baseline.bits] or [self.baseline]

    def _on_all_observations(self, fitted: FittedSystem, clock: Clock) -> FittedSystem:
        """With constants and initial values that fit what the search has left out, too."""
        entire = shoot(fitted.system, self._task.all_observations, fitted.initials, clock)
        return replace(entire, bits=fitted.bits, unexplained_on_pieces=fitted.unexplained_on_pieces)

    def _reported(self, fitted: FittedSystem) -> FoundSystem:
        stage = self._candidates.stage_of(fitted.system, self.source)
        return FoundSystem(self._task.reported(fitted.system), fitted, stage)
