"""Maps, driven systems and equations of order 2, as publications have them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.parsing import parse
from nsr.ode.inputs import NOTHING, Inputs
from nsr.ode.motion import Motion, System
from nsr.ode.simulation import simulate

Array = NDArray[np.float64]

_N_STEPS, _N_POINTS = 200, 300


@dataclass(frozen=True)
class MotionProblem:
    """One problem.

    Attributes:
        name: Of the system, and where it comes from.
        equations: Right-hand sides in x_0, x_1, ..., of order 2 also in v_0, v_1, ..., and in t.
        initial: Coordinates.
        end: Last time; of maps the number of steps.
        motion: What the equations say.
        settings: Parameters of `ODERegressor` that say so.
    """

    name: str
    equations: tuple[str, ...]
    initial: tuple[float, ...]
    end: float
    motion: Motion
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def system(self) -> System:
        """Right-hand sides."""
        states = [f"x_{i}" for i in range(len(self.equations))]
        names = self.motion.variable_names(states, [], "t")
        renamed = [
            name.replace("x_", "v_").removesuffix("_dot") if name.endswith("_dot") else name for name in names
        ]
        return tuple(parse(text, renamed) for text in self.equations)

    def observe(self, noise: float, seed: int) -> tuple[Array, Array]:
        """Times and states, with normal noise of a share of each state's deviation."""
        times, states = self._simulated()
        rng = np.random.default_rng(seed)
        return times, states + noise * np.std(states, axis=0) * rng.standard_normal(states.shape)

    def variables(self) -> Array:
        """All variables of the right-hand sides on the path, shape (N, V)."""
        motion, n = self.motion, len(self.equations)
        if motion.order == 1:
            times, states = self._simulated()
            return np.column_stack((states, times)) if motion.has_time else states
        moving = Motion()
        times = np.linspace(0, self.end, _N_POINTS)
        return simulate(motion.integrable(self.system), times, np.array(self.initial), moving)[:, : 2 * n]

    def _simulated(self) -> tuple[Array, Array]:
        is_map = self.motion.is_discrete
        times = np.arange(_N_STEPS, dtype=float) if is_map else np.linspace(0, self.end, _N_POINTS)
        return times, simulate(self.system, times, np.array(self.initial), self.motion, self.acting)

    @property
    def acting(self) -> Inputs:
        """The time, where the equations have it."""
        if not self.motion.has_time:
            return NOTHING
        return Inputs.of(np.array([0.0, self.end]), np.empty((2, 0)), False, True)


def _map(name: str, *equations: str, initial: tuple[float, ...]) -> MotionProblem:
    return MotionProblem(name, equations, initial, _N_STEPS, Motion(is_discrete=True), {"discrete": True})


def _driven(name: str, *equations: str, initial: tuple[float, ...], end: float) -> MotionProblem:
    return MotionProblem(name, equations, initial, end, Motion(has_time=True), {"explicit_time": True})


def _second(name: str, *equations: str, initial: tuple[float, ...], end: float) -> MotionProblem:
    return MotionProblem(name, equations, initial, end, Motion(order=2), {"order": 2})


MOTIONS = (
    _map("logistic map (May 1976)", "3.9*x_0*(1 - x_0)", initial=(0.3,)),
    _map("Henon map (1976)", "1 - 1.4*x_0**2 + x_1", "0.3*x_0", initial=(0.1, 0.1)),
    _map("Ricker map (1954)", "x_0*exp(2.9*(1 - x_0))", initial=(0.4,)),
    _map("Burgers map (1939)", "0.75*x_0 - x_1**2", "1.75*x_1 + x_0*x_1", initial=(-0.1, 0.1)),
    _map("delayed logistic map (Maynard Smith 1968)", "2.27*x_0*(1 - x_1)", "x_0", initial=(0.5, 0.4)),
    _map("Holmes cubic map (1979)", "x_1", "-0.2*x_0 + 2.77*x_1 - x_1**3", initial=(1.6, 0.1)),
    _map("sine map", "0.98*sin(3.141592653589793*x_0)", initial=(0.3,)),
    _map(
        "Tinkerbell map (Nusse and Yorke 1998)",
        "x_0**2 - x_1**2 + 0.9*x_0 - 0.6013*x_1",
        "2*x_0*x_1 + 2*x_0 + 0.5*x_1",
        initial=(-0.72, -0.64),
    ),
    _driven("Duffing (Ueda 1979)", "x_1", "-x_0**3 - 0.05*x_1 + 7.5*cos(t)", initial=(3.0, 4.0), end=40.0),
    _driven(
        "van der Pol, driven",
        "x_1",
        "3*(1 - x_0**2)*x_1 - x_0 + 5*cos(1.788*t)",
        initial=(1.0, 0.5),
        end=30.0,
    ),
    _driven(
        "pendulum, driven (Baker and Gollub 1996)",
        "x_1",
        "-0.5*x_1 - sin(x_0) + 1.15*cos(0.6667*t)",
        initial=(0.8, 0.3),
        end=60.0,
    ),
    _driven("RC circuit on alternating current", "-2*x_0 + 3*sin(5*t)", initial=(0.5,), end=8.0),
    _driven("logistic growth by season", "(0.8 + 0.5*sin(2*t))*x_0 - 0.3*x_0**2", initial=(0.5,), end=15.0),
    _second("harmonic oscillator, damped", "-4*x_0 - 0.3*v_0", initial=(1.0, 0.0), end=12.0),
    _second("pendulum", "-9.81*sin(x_0)", initial=(2.0, 0.0), end=8.0),
    _second("Duffing, free", "x_0 - x_0**3 - 0.1*v_0", initial=(0.1, 1.2), end=20.0),
    _second("van der Pol (1926)", "1.5*(1 - x_0**2)*v_0 - x_0", initial=(0.5, 0.0), end=25.0),
    _second("fall with drag", "-9.81 + 0.04*v_0**2", initial=(100.0, 0.0), end=5.0),
    _second(
        "Henon-Heiles (1964)",
        "-x_0 - 2*x_0*x_1",
        "-x_1 - x_0**2 + x_1**2",
        initial=(0.0, -0.25, 0.42081, 0.0),
        end=40.0,
    ),
    _second("two coupled springs", "-3*x_0 + x_1", "x_0 - 2*x_1", initial=(1.0, 0.0, 0.0, 0.5), end=15.0),
)
