"""Systems of several groups of trajectories: one law, whose constants may differ from group to group.

Each group has an indicator among the inputs, 1 on its own trajectories and 0 on others, so that what a
constant is in each group is a sum: `dx/dt = -x*(0.5*is_a + 0.7*is_b)`. All that fits, compares, simulates and
writes systems takes indicators as it takes inputs. The search looks at each group by itself, and joins what
it finds in any of them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.names import did_you_mean
from nsr.expressions.canonical import form_key
from nsr.expressions.expression import Expression, Token, variable
from nsr.expressions.monomials import linear_combination
from nsr.ode.fitting import Fitting
from nsr.ode.motion import System
from nsr.ode.search import SystemSearch, Watch
from nsr.ode.stage import Stage
from nsr.ode.task import OdeTask

Array = NDArray[np.float64]

# Share of the work for searches of single groups, and forms of each group that are fitted to all.
_GROUPS_SHARE, _N_FORMS = 0.6, 8
# Forms that are joined, with every number of constants that all groups share.
_N_JOINED = 4
# Seconds of work for a form in a group.
_LONGEST = 0.5


@dataclass(frozen=True)
class Groups:
    """Which group each trajectory belongs to.

    Attributes:
        labels: Of the groups, in order.
        of: Place of each trajectory's group among them.
        name: What the user calls what tells them apart.
    """

    labels: tuple[str, ...]
    of: tuple[int, ...]
    name: str = ""

    @classmethod
    def read(cls, category: Iterable[object], n_trajectories: int) -> Groups:
        """The groups of labels, one for each trajectory.

        Raises:
            ValueError: If there are not as many, or all are the same.
        """
        texts = [str(label) for label in category]
        if len(texts) != n_trajectories:
            raise ValueError(
                f"category must hold a label for each of the {n_trajectories} trajectories, not {len(texts)}"
            )
        labels = tuple(dict.fromkeys(texts))
        if len(labels) < 2:
            raise ValueError(f"all trajectories are of the group {labels[0]!r}: leave out category")
        name = getattr(category, "name", None)
        return cls(labels, tuple(labels.index(text) for text in texts), "" if name is None else str(name))

    @property
    def names(self) -> list[str]:
        """What the indicators are called."""
        return [f"is_{label}" for label in self.labels]

    def members(self, group: int) -> list[int]:
        """The trajectories of a group."""
        return [place for place, own in enumerate(self.of) if own == group]


def indicators(labels: Sequence[str], label: object, n_times: int) -> Array:
    """The indicators of all groups at some times in one of them, shape (n_times, G).

    Raises:
        ValueError: If there is no such group.
    """
    if str(label) not in labels:
        raise ValueError(f"there is no group {str(label)!r}; {did_you_mean(str(label), labels)}")
    return np.tile(np.array([str(label) == own for own in labels], dtype=np.float64), (n_times, 1))


class CategorySearch(SystemSearch):
    """A search over all groups.

    Args:
        groups: The task of each group, without indicators.
        task: That of all trajectories, with indicators.
        stages: What proposes right-hand sides, for each group.
        watch: Is told of the systems of all groups.
    """

    source = "category"

    def __init__(
        self, groups: Sequence[OdeTask], task: OdeTask, stages: Mapping[str, Stage], watch: Watch | None
    ) -> None:
        super().__init__(task, {}, watch)
        self._groups, self._stages_of_groups = groups, stages

    def run(self, clock: Clock, starts: Sequence[System] = ()) -> None:
        """As `SystemSearch.run`; what time there is for the groups they share."""
        settings = self._task.settings
        searches = []
        for number, group in enumerate(self._groups):
            share = _GROUPS_SHARE / (len(self._groups) - number * _GROUPS_SHARE)
            search = SystemSearch(group, self._stages_of_groups)
            search.run(clock.reserving(1 - share))
            searches.append(search)
        forms: dict[Hashable, System] = {}
        for search in searches:
            for one in search.everything[:_N_FORMS]:
                forms.setdefault(
                    tuple(form_key(component) for component in one.system), self._task.left_open(one.system)
                )
        joined = self._joined(list(forms.values()), clock.within(settings.planned_work))
        super().run(clock, [*starts, *joined])

    def _joined(self, forms: Sequence[System], clock: Clock) -> list[System]:
        """The forms that suit all groups best, each with no constant shared, one, and so on up to all."""
        ranked: list[tuple[float, System, Array]] = []
        for system in forms:
            if ranked and clock.is_over:
                break
            fits = [Fitting(group) for group in self._groups]
            for fit in fits:
                fit.fit([system], clock.within(_LONGEST))
            best = [fit.fitted[0] for fit in fits]
            constants = np.array([[c for one in found.system for c in one.constants] for found in best])
            ranked.append((sum(found.bits for found in best), system, constants))
        ranked.sort(key=lambda one: one[0])
        return [
            self._with_groups(system, constants, shared)
            for _, system, constants in ranked[:_N_JOINED]
            if math.isfinite(float(np.sum(constants)))
            for shared in _shared(constants)
        ]

    def _with_groups(self, system: System, constants: Array, shared: frozenset[int]) -> System:
        """A system of one group with the constants of all.

        Args:
            system: Its right-hand sides.
            constants: Of each group, shape (G, K).
            shared: Which of them all groups share.
        """
        motion, n_groups = self._task.motion, len(self._groups)
        first = motion.n_coordinates(len(system)) + motion.n_inputs - n_groups
        later = {first + place: variable(first + n_groups + place) for place in range(motion.has_time)}
        sums = [
            linear_combination([(float(c), variable(first + g)) for g, c in enumerate(own)])
            for own in constants.T
        ]
        result, taken = [], 0
        for component in system:
            tokens: list[Token] = list(component.substitute(later).tokens)
            places = component.free_positions
            for number in reversed(range(len(places))):
                own = taken + number
                mean = float(np.mean(constants[:, own]))
                tokens[places[number] : places[number] + 1] = [mean] if own in shared else sums[own].tokens
            taken += len(places)
            result.append(Expression(tuple(tokens)))
        return tuple(result)


def _shared(constants: Array) -> list[frozenset[int]]:
    """Which constants groups may share: none, the one in which they differ least, and so on up to all."""
    sizes = np.mean(np.abs(constants), axis=0)
    order = np.argsort(np.ptp(constants, axis=0) / np.where(sizes > 0, sizes, 1.0), kind="stable")
    return [frozenset(order[:n].tolist()) for n in range(constants.shape[1] + 1)]
