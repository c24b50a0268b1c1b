"""The problem of one fit: what was observed, seen in the ways that the search asks for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant
from nsr.expressions.flattening import flattened
from nsr.expressions.saturations import rising
from nsr.expressions.simplify import simplify
from nsr.expressions.space import SearchSpace
from nsr.expressions.units import Units
from nsr.ode.conserved import Conserved
from nsr.ode.excerpts import all_excerpts
from nsr.ode.inputs import Inputs
from nsr.ode.known import KnownForm
from nsr.ode.motion import PLAIN, Motion, System
from nsr.ode.noise import with_scatter
from nsr.ode.paths import Paths
from nsr.ode.settings import OdeSettings
from nsr.ode.trajectories import MIN_POINTS, Trajectory, as_trajectories, moving
from nsr.ode.weak_form import WeakForm, weak_forms
from nsr.ode.whitening import scatter_of, whitened_forms

Array = NDArray[np.float64]


# States, inputs and the time, of which no more can be chaotic.
_NEVER_CHAOTIC = 2


@dataclass(frozen=True, eq=False)
class OdeTask:
    """Observed trajectories, and all that follows from them and from nothing else.

    Attributes:
        trajectories: What the search looks at of the observations; knows how far they scatter.
        settings: Effort and preferences.
        seed: Of all that is drawn at random.
        n_threads: Threads that simulations share.
        space: Which right-hand sides may be looked at; constants always are.
        first_excerpts: Where these are excerpts, place among them of the first one of each observed
            trajectory.
        known: What is known of the right-hand sides of some states.
        conserved: Sums of states that stay constant, by which some right-hand sides follow from the others.
        units: Which units each right-hand side may have; none where they do not matter.
    """

    trajectories: tuple[Trajectory, ...]
    settings: OdeSettings
    seed: int
    n_threads: int
    space: SearchSpace = SearchSpace()
    first_excerpts: NDArray[np.int64] | None = None
    known: Mapping[int, KnownForm] = field(default_factory=dict)
    conserved: Conserved | None = None
    units: tuple[Units, ...] = ()

    @classmethod
    def of(
        cls,
        t: Any,
        X: Any,
        settings: OdeSettings,
        seed: int,
        motion: Motion = PLAIN,
        inputs: Sequence[Inputs] | None = None,
        weights: Any = None,
    ) -> OdeTask:
        """The task of a user's observations.

        Args:
            t: Times, shape (T,), or a list of such arrays.
            X: States, shape (T, D), or a list of such tables.
            settings: Effort and preferences.
            seed: Of all that is drawn at random.
            motion: What the equations are to say.
            inputs: What acts on each trajectory; nothing by default.
            weights: Of the states, shape (T, D), or a list of such tables; None for none.

        Raises:
            ValueError: If the observations cannot be used; the message says why.
        """
        given = as_trajectories(t, X, motion, inputs, weights)
        looked_at, firsts = all_excerpts(given, settings)
        trajectories = with_scatter(looked_at, settings)
        task = cls(tuple(trajectories), settings, seed, joblib.cpu_count())
        return task if len(looked_at) == len(given) else replace(task, first_excerpts=firsts)

    @cached_property
    def spaces(self) -> list[SearchSpace]:
        """Which right-hand sides each state may have."""
        return [replace(self.space, units=own) for own in self.units] or [self.space] * self.n_states

    @cached_property
    def _of_parts(self) -> SearchSpace:
        return self.space.of_parts

    def allowed(self, component: int, expressions: Iterable[Expression]) -> list[Expression]:
        """Those right-hand sides that may be looked at for a state."""
        space = self.spaces[component]
        return [e for e in expressions if space.allows(e)]

    def allows_term(self, component: int, term: Expression) -> bool:
        """Whether a right-hand side of a state may be a sum with this term, times a constant."""
        of_units = not self.units or self.units[component].allow(apply("mul", constant(math.e), term))
        return of_units and self._of_parts.allows(term)

    def kept(self, component: int, before: Expression, after: Expression) -> Expression:
        """Another form of a right-hand side, unless that may not be looked at and the right-hand side may."""
        space = self.spaces[component]
        return before if not space.allows(after) and space.allows(before) else after

    def suited(self, component: int, expressions: Iterable[Expression]) -> list[Expression]:
        """Those that may be looked at for a state, and agree with what is known of it."""
        form = self.known.get(component)
        return [e for e in self.allowed(component, expressions) if form is None or form.suits(e)]

    @property
    def motion(self) -> Motion:
        """What the equations are to say."""
        return self.trajectories[0].motion

    @property
    def n_states(self) -> int:
        """D."""
        return int(self.trajectories[0].states.shape[1])

    @property
    def n_variables(self) -> int:
        """V, of right-hand sides."""
        return self.motion.n_variables(self.n_states)

    @cached_property
    def moves(self) -> NDArray[np.bool_]:
        """Which states ever move, shape (D,)."""
        return moving(self.trajectories)

    @cached_property
    def is_sought(self) -> NDArray[np.bool_]:
        """Which states have right-hand sides to be found: those that move and are not derived, shape (D,)."""
        sought = self.moves.copy()
        sought[list(() if self.conserved is None else self.conserved.derived)] = False
        return sought

    def completed(self, system: System) -> System:
        """A system with the right-hand sides that follow from the others."""
        return system if self.conserved is None else self.conserved.completed(system)

    def reported(self, system: System) -> System:
        """All components of a system in a short form that may be looked at, if the system may."""
        return tuple(
            self.kept(state, one, flattened(rising(simplify(one)))) if moves else self.motion.still(state)
            for state, (one, moves) in enumerate(zip(self.completed(system), self.moves, strict=True))
        )

    def left_open(self, system: System) -> System:
        """A system as the search has it, in which these are not written."""
        return system if self.conserved is None else self.conserved.left_open(system)

    def with_ties(self, system: System) -> System | None:
        """A system in which like terms that nearly cancel in derived components do; None if none are left."""
        return None if self.conserved is None else self.conserved.with_ties(system)

    def allows_derived(self, system: System) -> bool:
        """Whether the right-hand sides that follow from the others may be looked at."""
        if self.conserved is None or not (self.units or self.space.is_limited):
            return True
        whole = self.conserved.completed(system)
        return all(self.allowed(state, [simplify(whole[state])]) for state in self.conserved.derived)

    @cached_property
    def weak_forms(self) -> list[WeakForm]:
        """One of each width."""
        return weak_forms(self.trajectories, self.settings)

    @cached_property
    def _whitened(self) -> list[WeakForm] | None:
        plain = self.weak_forms[len(self.weak_forms) // 2]
        return whitened_forms(self.trajectories, plain, self.is_sought, self.settings)

    def weak_forms_of(self, component: int) -> list[WeakForm]:
        """What right-hand sides of a state are compared by: one of each width, or of all with noise."""
        return self.weak_forms if self._whitened is None else [self._whitened[component]]

    @cached_property
    def is_noisy(self) -> bool:
        """Whether observations scatter about smooth curves; of maps nothing is smooth."""
        return scatter_of(self.trajectories, self.settings) is not None

    def typical_form(self, component: int) -> WeakForm:
        """The one of them of middle width."""
        forms = self.weak_forms_of(component)
        return forms[len(forms) // 2]

    @cached_property
    def smoothed(self) -> tuple[Array, Array]:
        """Smoothed variables of all trajectories (N, V), and what the left-hand sides are there (N, D)."""
        pairs = [trajectory.left_sides() for trajectory in self.trajectories]
        return np.concatenate([s for s, _ in pairs]), np.concatenate([d for _, d in pairs])

    @cached_property
    def all_observations(self) -> Paths:
        """The trajectories as they are."""
        return self._paths(self.trajectories)

    @property
    def is_thinned(self) -> bool:
        """Whether `pieces` and `whole` leave observations out."""
        return max(self._strides) > 1

    @cached_property
    def whole(self) -> Paths:
        """The trajectories, of no more points than a search looks at."""
        if not self.is_thinned:
            return self.all_observations
        pairs = zip(self.trajectories, self._strides, strict=True)
        return self._paths([trajectory.thinned(stride) for trajectory, stride in pairs])

    @cached_property
    def pieces(self) -> Paths:
        """The same cut into pieces."""
        pieces = list(itertools.chain.from_iterable(self._cut))
        return self._paths(pieces, len(pieces) - len(self._cut))

    @cached_property
    def first_pieces(self) -> NDArray[np.int64]:
        """Place among `pieces` of each trajectory's first one."""
        return np.cumsum([0, *(len(own) for own in self._cut[:-1])])

    @cached_property
    def short_pieces(self) -> Paths | None:
        """The same cut into shorter ones, where chaos may spoil fits to pieces; None elsewhere.

        Two states that move by themselves are not chaotic (Poincare and Bendixson).
        """
        if self.motion.is_discrete or self.n_variables <= _NEVER_CHAOTIC:
            return None
        s = self.settings
        rough = replace(
            s,
            rtol=s.rough_rtol,
            steps_a_point=s.rough_steps_a_point,
            most_shots=s.short_shots,
            least_gain=s.short_gain,
        )
        cut = self._cut_into(s.short_piece_points)
        short = list(itertools.chain.from_iterable(cut))
        return replace(self, settings=rough)._paths(short, len(short) - len(cut))

    @cached_property
    def _cut(self) -> list[list[Trajectory]]:
        s = self.settings
        return self._cut_into(s.map_piece_points if self.motion.is_discrete else s.piece_points)

    def _cut_into(self, n_points: int) -> list[list[Trajectory]]:
        pairs = zip(self.trajectories, self._strides, strict=True)
        return [
            [p.thinned(stride) for p in trajectory.segments(n_points * stride)]
            for trajectory, stride in pairs
        ]

    @property
    def _strides(self) -> list[int]:
        """Of how many observations of each trajectory one is looked at; of few all are."""
        lengths = [len(trajectory.times) for trajectory in self.trajectories]
        stride = -(-sum(lengths) // self.settings.most_points)
        return [min(stride, max(1, length // MIN_POINTS)) for length in lengths]

    def _paths(self, trajectories: Sequence[Trajectory], n_anew: int = 0) -> Paths:
        held = frozenset(number for form in self.known.values() for number in form.numbers)
        return Paths(trajectories, self.settings, self.n_threads, held, self.conserved, n_anew)
