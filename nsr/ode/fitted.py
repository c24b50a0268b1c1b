"""Simulations of fitted equations of motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from nsr.data.names import Names
from nsr.fitted_systems import FittedSystems
from nsr.ode.asked import inputs_to_predict
from nsr.ode.bands import bounds
from nsr.ode.motion import Motion
from nsr.ode.simulation import simulate
from nsr.refinement.reported import check_asked

Array = NDArray[np.float64]


class FittedMotion(FittedSystems):
    """What `ODERegressor`, which documents the attributes, says of states."""

    motion_: Motion
    names_: Names
    groups_: tuple[str, ...]
    n_features_in_: int
    constant_covariance_: Array
    hold_inputs: bool

    def predict(
        self,
        t: ArrayLike,
        x0: ArrayLike,
        index: int | None = None,
        inputs: ArrayLike | None = None,
        category: object = None,
    ) -> Array:
        """Simulates a system; the chosen one by default.

        Args:
            t: Times in any order, shape (T,).
            x0: Initial values, those of the earliest time, shape (D,); with order 2 initial velocities
                follow.
            index: Row of `equations_`.
            inputs: Those of the fit at these times, shape (T, M).
            category: Label of the group whose constants it has, where the fit had groups.

        Returns:
            States at the times as they were given, shape (T, D); NaN, with a warning that says why, after the
            solution has gone to infinity or left the domain of its equations.

        Raises:
            ValueError: If times or initial values cannot be used.
        """
        times, initial = self._begun(t, x0)
        acting = inputs_to_predict(self, times, inputs, category)
        return simulate(self.expressions_[self.row(index)], times, initial, self.motion_, acting)

    def bounds(
        self,
        t: ArrayLike,
        x0: ArrayLike,
        interval: float = 0.95,
        inputs: ArrayLike | None = None,
        category: object = None,
    ) -> Array:
        """Bounds of a simulation of the chosen system, by the errors of its constants.

        Args:
            t: As `predict` takes them; and the following, `x0` being known exactly.
            x0: Initial values.
            interval: Probability with which the states lie between them, if the form of the system is right.
            inputs: Inputs.
            category: Label of a group.

        Returns:
            Shape (T, D, 2); infinite where the constants leave open where a state is.

        Raises:
            ValueError: As `predict` does, or if the probability is none.
        """
        check_asked(False, interval)
        times, initial = self._begun(t, x0)
        acting = inputs_to_predict(self, times, inputs, category)
        said = self.expressions_[self.best_index_], self.constant_covariance_
        return bounds(*said, times, initial, self.motion_, acting, interval)

    def _begun(self, t: ArrayLike, x0: ArrayLike) -> tuple[Array, Array]:
        """Times of a simulation and initial coordinates."""
        check_is_fitted(self)
        initial, times = np.asarray(x0, dtype=np.float64).ravel(), np.asarray(t, dtype=np.float64)
        n_needed = self.motion_.n_coordinates(self.n_features_in_)
        if len(initial) != n_needed:
            which = "initial values" if self.motion_.order == 1 else "initial positions and velocities"
            raise ValueError(f"{n_needed} {which} are needed, not {len(initial)}")
        if times.ndim != 1 or not (np.all(np.isfinite(times)) and np.all(np.isfinite(initial))):
            raise ValueError("times must be one row of finite numbers, and initial values finite")
        return times, initial
