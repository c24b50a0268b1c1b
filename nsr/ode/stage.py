"""What a source of right-hand sides is to the search; `nsr.ode.stages` says which there are."""

from __future__ import annotations

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.ode.motion import System
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import Fit

# For each component, lists of fits with the best first; residuals within a list compare.
Proposals = list[list[list[Fit]]]


class Stage:
    """A source of right-hand sides: of proposals before systems are fitted, of variations after, or both."""

    def propose(self, task: OdeTask, clock: Clock) -> Proposals:  # noqa: ARG002
        """Right-hand sides, with constants that fit, that the observations suggest for each component.

        Args:
            task: What was observed.
            clock: When it is over, what there is must do; even then every stage gives what it can at once.
        """
        return [[] for _ in range(task.n_states)]

    def vary(self, task: OdeTask, system: System, component: int) -> list[Expression]:  # noqa: ARG002
        """Right-hand sides that one component of a good system may have instead.

        Args:
            task: What was observed.
            system: The system.
            component: Which of its components.
        """
        return []
