"""Right-hand sides that the search for functions finds for derivatives that are known to many digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression, variable
from nsr.network.checkpoint import from_pretrained
from nsr.ode.derivatives import Derivatives, derivatives_of
from nsr.ode.neural import Networks
from nsr.ode.product_sums import product_sums
from nsr.ode.ranking import shortest
from nsr.ode.rational import of_fewest_terms, polynomial_sums, rational_sums
from nsr.ode.stage import Proposals, Stage
from nsr.ode.task import OdeTask
from nsr.ode.weak_refinement import fit_constants
from nsr.refinement.candidates import Candidate, fitted
from nsr.refinement.likelihood import SquaredError
from nsr.refinement.refine import Effort
from nsr.search.engine import Search
from nsr.search.settings import SearchSettings
from nsr.task import Task

Array = NDArray[np.float64]

# What searches; the network has a stage of its own.
_COMPONENTS = ("families", "reduction")
# On sums whose weights fit already.
_EFFORT = Effort(restarts=1, iterations=20)
# What of a search is looked at.
_N_PROMISING = 24


@dataclass(frozen=True)
class _InterpolationError(SquaredError):
    """Squared error where what interpolation leaves counts as exact.

    Attributes:
        rounding: Share of the null loss that it leaves.
    """

    rounding: float = 0.0


class DerivativesStage(Stage):
    """Looks for what is exact in derivatives that are known to many digits.

    First sums of products, then ratios of polynomials, which linear least squares find in no time, then what
    the search for functions has for any table. Noise leaves no digits, and this stage nothing to say.
    """

    def __init__(self, networks: Networks) -> None:
        self._network = from_pretrained(networks.functions, networks.device, knows="functions")

    def propose(self, task: OdeTask, clock: Clock) -> Proposals:
        """As `Stage.propose`: for each component one list for each width."""
        settings, clock = task.settings, clock.share(task.settings.derivatives_share)
        proposals: Proposals = [[] for _ in range(task.n_states)]
        table = derivatives_of(task, settings.n_derivatives)
        is_known = table.errors <= settings.known_derivatives
        movers = [c for c in np.flatnonzero(task.is_sought & is_known).tolist() if c not in task.known]
        for place, component in enumerate(movers):
            if clock.is_over:
                break
            own = _Table.of(table, task, component)
            found = self._found(own, clock.share(1 / (len(movers) - place)))[: settings.n_exact]
            exact = task.suited(component, [own.of_all_variables(one.expression) for one in found])
            for weak in task.weak_forms_of(component) if exact else ():
                fits = fit_constants(exact, weak, component, settings.n_weak_steps, clock)
                proposals[component].append(shortest(fits, weak, settings))
        return proposals

    def _found(self, table: _Table, clock: Clock) -> list[Candidate]:
        """What is exact, the shortest first."""
        sums = polynomial_sums(*table.target, clock) + product_sums(*table.target, clock)
        if exact := table.exact(sums, clock):
            return exact
        for sums in rational_sums(*table.target, clock):
            if exact := table.exact(sums, clock):
                return of_fewest_terms(exact)
        search = Search(table.scaled, self._network, 1, _COMPONENTS, (), SearchSettings())
        for _ in search.run(clock):
            pass
        best = search.candidates.most_promising(_N_PROMISING)
        return table.exact([table.scaler.undo(one.expression) for one in best], clock)


@dataclass(frozen=True)
class _Table:
    """One component's derivative.

    Attributes:
        plain: As a function of the variables that vary.
        scaled: The same, scaled.
        scaler: How.
        columns: Places of these variables among all.
        error: How far the derivative is off, as a share of its spread.
    """

    plain: Task
    scaled: Task
    scaler: Scaler
    columns: tuple[int, ...]
    error: float

    @classmethod
    def of(cls, table: Derivatives, task: OdeTask, component: int) -> _Table:
        """The table of one component."""
        columns = np.flatnonzero(np.ptp(table.variables, axis=0) > 0)
        # Units are those of all columns; what they rule out is not handed on.
        space = task.spaces[component] if len(columns) == task.n_variables else task.space
        X, y, error = table.variables[:, columns], table.values[:, component], float(table.errors[component])
        loss = _InterpolationError(rounding=error**2)
        plain = Task(X, y, loss, space=space, seed=task.seed, n_threads=task.n_threads)
        scaler = Scaler.gentle(X, y)
        scaled = replace(plain, X=X / scaler.x_scale).over(scaler.y_scale)
        return cls(plain, scaled, scaler, tuple(columns.tolist()), error)

    @property
    def target(self) -> tuple[Array, Array, float]:
        """Variables (P, V), the derivative (P,), and its error."""
        return self.plain.X, self.plain.y, self.error

    def exact(self, expressions: Sequence[Expression], clock: Clock) -> list[Candidate]:
        """Those that leave no more than interpolation does, with constants that fit, the shortest first."""
        found = fitted(expressions, self.plain, _EFFORT, clock)
        return [one for one in found if self.plain.is_exact(one.loss)]

    def of_all_variables(self, expression: Expression) -> Expression:
        """What was found, of all variables of right-hand sides."""
        return expression.substitute({place: variable(column) for place, column in enumerate(self.columns)})
