"""Right-hand sides that the search for functions finds for derivatives that are known to many digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsr.clock import Clock
from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression, variable
from nsr.network.checkpoint import from_pretrained
from nsr.ode.derivatives import Derivatives, derivatives_of
from nsr.ode.neural import Networks
from nsr.ode.ranking import shortest
from nsr.ode.rational import rational_sums
from nsr.ode.stage import Proposals, Stage
from nsr.ode.task import OdeTask
from nsr.ode.weak_refinement import fit_constants
from nsr.refinement.candidates import fitted
from nsr.refinement.likelihood import SquaredError
from nsr.refinement.refine import Effort
from nsr.search.engine import Search
from nsr.search.settings import SearchSettings
from nsr.task import Task

# What searches; the network has a stage of its own.
_COMPONENTS = ("families", "separation", "reduction", "evolution")
# On what others have proposed.
_EFFORT = Effort(restarts=1, iterations=20)


@dataclass(frozen=True)
class _NearlyExact(SquaredError):
    """Squared error where what interpolation leaves counts as exact.

    Attributes:
        rounding: Share of the null loss that it leaves.
    """

    rounding: float = 0.0


class DerivativesStage(Stage):
    """The search for functions, run on states and their derivatives where these are known to many digits.

    Noise leaves them none, so that this stage has nothing to say there.
    """

    def __init__(self, networks: Networks, first: bool) -> None:
        self._network = from_pretrained(networks.functions, networks.device, knows="functions")
        self._is_rational = first
        self._components = ("families", "separation", "reduction") if first else _COMPONENTS
        self._work = 0.4 if first else 10.0

    def propose(
        self, task: OdeTask, clock: Clock, found: Sequence[Sequence[Expression]]
    ) -> Proposals:
        """As `Stage.propose`; nothing for a component that something explains already."""
        settings = task.settings
        proposals: Proposals = [[] for _ in range(task.n_states)]
        table = derivatives_of(task, settings.n_derivatives)
        known = table.errors <= settings.known_derivatives
        movers = [c for c in np.flatnonzero(task.is_sought & known).tolist() if c not in task.known]
        clock = clock.share(0.2 if self._is_rational else settings.derivatives_share)
        tables = {component: _Table.of(table, task, component) for component in movers}
        short = {c: [e for e in found[c] if e.complexity <= settings.short_if_certain] for c in movers}
        open_ = [c for c in movers if not tables[c].is_explained_by(short[c][: settings.n_searched], clock)]
        for place, component in enumerate(open_):
            if clock.is_over:
                break
            best = self._found(tables[component], clock.share(1 / (len(open_) - place)), settings.n_searched)
            written = task.suited(component, best)
            for weak in task.weak_forms_of(component):
                fits = fit_constants(written, weak, component, settings.n_weak_steps, clock)
                proposals[component].append(shortest(fits, weak, settings))
        return proposals

    def _found(self, table: _Table, clock: Clock, n: int) -> list[Expression]:
        """The most promising right-hand sides, so many at most."""
        if self._is_rational:
            for sums in rational_sums(table.plain.X, table.plain.y, table.error, clock):
                fits = [fit for fit in fitted(sums, table.plain, _EFFORT, clock) if table.plain.is_exact(fit.loss)]
                if fits:
                    return [fit.expression for fit in fits[:n]]
        search = Search(table.task, self._network, 1, self._components, (), SearchSettings())
        for _ in search.run(clock.within(self._work)):
            pass
        return [table.undo(one.expression) for one in search.candidates.most_promising(n)]


@dataclass(frozen=True)
class _Table:
    """What the search sees of one component.

    Attributes:
        plain: The derivative as a function of all variables.
        task: The same of those that vary, scaled.
        scaler: How it is scaled.
        columns: Place of its variables among all.
    """

    plain: Task
    task: Task
    scaler: Scaler
    columns: tuple[int, ...]
    error: float

    @classmethod
    def of(cls, table: Derivatives, task: OdeTask, component: int) -> _Table:
        """The table of one component."""
        y, loss = table.values[:, component], _NearlyExact(rounding=float(table.errors[component]) ** 2)
        plain = Task(table.variables, y, loss, seed=task.seed, n_threads=task.n_threads)
        columns = np.flatnonzero(np.ptp(table.variables, axis=0) > 0)
        varied = table.variables[:, columns]
        scaler = Scaler.gentle(varied, y)
        # Units are those of all columns; what they rule out is not handed on.
        space = task.spaces[component] if len(columns) == task.n_variables else task.space
        own = replace(plain, X=varied / scaler.x_scale, space=space)
        return cls(plain, own.over(scaler.y_scale), scaler, tuple(columns.tolist()), float(table.errors[component]))

    def undo(self, expression: Expression) -> Expression:
        """What the search has found, of all variables."""
        renamed = {place: variable(column) for place, column in enumerate(self.columns)}
        return self.scaler.undo(expression).substitute(renamed)

    def is_explained_by(self, found: Sequence[Expression], clock: Clock) -> bool:
        """Whether some right-hand side is exact, with constants that fit."""
        fits = fitted(found, self.plain, _EFFORT, clock)
        return any(self.plain.is_exact(fit.loss) for fit in fits)
