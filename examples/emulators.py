"""Emulators of four functions, with their errors on fresh points, beside a Gaussian process.

`python -m examples.emulators` prints for each case the calls, the equation, the error that 95 % of points
should stay below, the errors of fresh points, the time of a call of the function and of the emulator, and the
errors of a Gaussian process alone that has the same number of calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import scipy.special
import typer
from numpy.typing import NDArray
from scipy.stats import qmc

import nsr
from examples.cosmology import power_spectrum, transfer, transfer_without_wiggles
from examples.measured import Output, save
from nsr.understanding.emulators.box import Box, Range
from nsr.understanding.emulators.emulator import Emulator
from nsr.understanding.emulators.residual import Kind, residual_of
from nsr.understanding.emulators.target import Target

Array = NDArray[np.float64]

_COSMOLOGY: dict[str, Range] = {"k": (1e-3, 1.0, "log"), "omega_m": (0.1, 0.2), "omega_b": (0.018, 0.026)}


@dataclass(frozen=True)
class Case:
    """A function to emulate.

    Attributes:
        function: What is called.
        ranges: Of its inputs.
        budget: Calls at most.
        tolerance: Error that 95 % of points shall stay below.
        residual: What is learned of what the equation leaves.
        most_fresh: Fresh points at most, where calls take long.
    """

    function: Callable[..., float]
    ranges: dict[str, Range]
    budget: int
    tolerance: float
    residual: Kind | None = None
    most_fresh: int = 1000


def pendulum(length: float, amplitude: float) -> float:
    """Period in seconds of a pendulum of some length in metres that swings to some angle in radians."""
    return float(4 * np.sqrt(length / 9.81) * scipy.special.ellipk(np.sin(amplitude / 2) ** 2))


def front_speed(diffusion: float, rate: float, n_cells: int = 1600) -> float:
    """Speed of the front that u_t = D u_xx + r u (1 - u) sends into empty space, simulated by differences.

    It is 2 sqrt(D r) for long times (Fisher 1937; Kolmogorov, Petrovsky and Piskunov 1937).

    Args:
        diffusion: D.
        rate: r.
        n_cells: Of the grid.
    """
    # In units of the front's width and of 1/r, so that the grid is as fine for all.
    width = np.sqrt(diffusion / rate)
    x = np.linspace(0, 100 * width, n_cells)
    step, u = x[1] - x[0], np.where(x < 5 * width, 1.0, 0.0)
    dt = 0.2 * step**2 / diffusion
    places, times = [], np.arange(0, 30 / rate, dt)
    for now in times:
        inner = u[:-2] - 2 * u[1:-1] + u[2:]
        u[1:-1] += dt * (diffusion * inner / step**2 + rate * u[1:-1] * (1 - u[1:-1]))
        if now > 20 / rate:
            last = int(np.flatnonzero(u > 0.5)[-1])
            places.append(x[last] + step * (u[last] - 0.5) / (u[last] - u[last + 1]))
    return float(np.polyfit(times[-len(places) :], places, 1)[0])


CASES = {
    "pendulum": Case(pendulum, {"length": (0.1, 2.0), "amplitude": (0.05, 2.5)}, 256, 1e-3),
    "transfer": Case(
        lambda *at: float(transfer_without_wiggles(*at)), _COSMOLOGY, 1024, 2e-3, "gaussian_process"
    ),
    "wiggles": Case(lambda *at: float(transfer(*at)), _COSMOLOGY, 1920, 1e-3, "gaussian_process"),
    "front": Case(front_speed, {"diffusion": (0.5, 5.0), "rate": (0.1, 2.0)}, 32, 1e-2, None, 20),
}


def fresh(case: Case, n: int, seed: int) -> tuple[Array, Array, float]:
    """New points of the box, the function's values there, and seconds a call."""
    box = Box.of(case.ranges)
    X = box.points(np.random.default_rng(seed).random((n, len(box.names))))
    started = time.process_time()
    y = np.array([case.function(*row) for row in X.tolist()])
    return X, y, (time.process_time() - started) / n


def process_alone(case: Case, n_calls: int, X: Array, y: Array, seed: int) -> Array:
    """Errors in points X of a Gaussian process of as many calls, which fill the box."""
    box = Box.of(case.ranges)
    unit = qmc.Halton(len(box.names), rng=np.random.default_rng(seed)).random(n_calls)
    values = np.array([case.function(*row) for row in box.points(unit).tolist()])
    target = Target.of(values)
    process = residual_of("gaussian_process", unit, target.fitted(values), seed)
    return target.errors(target.undone(process.values(box.unit(X))), y)


def spectrum_errors(emulator: Emulator, wiggles: bool, n: int, seed: int) -> Array:
    """Errors of matter power spectra with an emulated transfer function, of all k of n universes."""
    rng, k = np.random.default_rng(seed), np.geomspace(1e-3, 1.0, 200)
    errors = []
    for omega_m, omega_b in zip(rng.uniform(0.1, 0.2, n), rng.uniform(0.018, 0.026, n), strict=True):
        exact = (transfer if wiggles else transfer_without_wiggles)(k, omega_m, omega_b)
        points = np.column_stack(np.broadcast_arrays(k, omega_m, omega_b))
        spectrum = power_spectrum(k, exact)
        errors.append(power_spectrum(k, emulator.predict(points)) / spectrum - 1)
    return np.abs(np.concatenate(errors))


def seconds_a_point(emulator: Emulator, X: Array) -> float:
    """What the emulator takes for a point, of many at once."""
    many = np.tile(X, (max(1, 10_000 // len(X)), 1))
    emulator.predict(many)
    started = time.process_time()
    emulator.predict(many)
    return (time.process_time() - started) / len(many)


def main(
    names: Annotated[list[str] | None, typer.Argument(help="cases; all by default")] = None,
    n_fresh: Annotated[int, typer.Option(help="fresh points")] = 1000,
    time_limit: Annotated[float, typer.Option(help="seconds to search")] = 60.0,
    seed: Annotated[int, typer.Option(help="of points and searches")] = 0,
    residual: Annotated[
        bool, typer.Option(help="learn what the equation leaves, where a case says so")
    ] = True,
    output: Output = None,
) -> None:
    """Print what emulators of some functions cost and how far off they are."""
    measured = {}
    for name in names or CASES:
        case = CASES[name]
        emulator = nsr.emulate(
            case.function, case.ranges, case.budget, case.tolerance,
            case.residual if residual else None, time_limit, seed,
        )  # fmt: skip
        X, y, seconds = fresh(case, min(n_fresh, case.most_fresh), seed + 1)
        errors = emulator.target.errors(emulator.predict(X), y)
        alone = process_alone(case, emulator.n_calls, X, y, seed)
        faster = seconds / seconds_a_point(emulator, X)
        print(f"{name}: {emulator}")
        own = {"calls": emulator.n_calls, "bound": emulator.bound, "equation": emulator.equation}
        own |= {"seconds_a_call": seconds, "speed_up": faster, "n_fresh": len(y), "errors": _summary(errors)}
        own["gaussian_process_alone"] = _summary(alone)
        print(
            f"  {len(y)} fresh points: {_told(own['errors'])}; {seconds:.2g} s a call, "
            f"{faster:.3g} times as fast"
        )
        if emulator.residual is not None:
            equation = replace(emulator, residual=None)
            own["equation_alone"] = _summary(emulator.target.errors(equation.predict(X), y))
            print(f"  the equation alone: {_told(own['equation_alone'])}")
        print(f"  Gaussian process alone: {_told(own['gaussian_process_alone'])}")
        if name in ("transfer", "wiggles"):
            own["spectrum"] = _summary(spectrum_errors(emulator, name == "wiggles", 50, seed + 2))
            print(f"  matter power spectrum, 50 universes: {_told(own['spectrum'])}")
        measured[name] = own
    save({"seed": seed, "cases": measured}, output)


def _summary(errors: Array) -> dict[str, float]:
    rms = float(np.sqrt(np.mean(errors**2)))
    return {"rms": rms, "95 %": float(np.quantile(errors, 0.95)), "largest": float(errors.max())}


def _told(summary: dict[str, float]) -> str:
    return f"rms {summary['rms']:.2%}, 95 % below {summary['95 %']:.2%}, largest {summary['largest']:.2%}"


if __name__ == "__main__":
    typer.run(main)
