"""How a fit of functions is solved: by one search, by group, or for the parts of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

import joblib

from nsr.asked import Asked, Posed, names_of_stages
from nsr.clock import Clock
from nsr.data.smoothing import smoothed
from nsr.network.checkpoint import Pretrained
from nsr.refinement.choice import Front
from nsr.refinement.compiling import compile_kernels
from nsr.refinement.losses import AUTO
from nsr.search.settings import SearchSettings
from nsr.stopping import StopWhen
from nsr.task import Task

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor
    from nsr.search.solve import Solver


def make_ready() -> None:
    """Imports what searches, and loads or compiles its kernels, so that no search waits for it."""
    import nsr.search.solve  # noqa: F401 (what reads results back and predicts need not wait for it)
    from nsr.search.evolution.compiling import compile_evolution

    compile_kernels()
    compile_evolution()


def solver_for(
    estimator: SymbolicRegressor,
    pretrained: Pretrained,
    settings: SearchSettings,
    task: Task,
    is_noise_open: bool,
) -> Solver:
    """How to search.

    Args:
        estimator: Whose parameters say so.
        pretrained: The network.
        settings: The numbers of the search.
        task: What is to be explained.
        is_noise_open: Whether nothing is known of errors.
    """
    from nsr.search.solve import Solver

    solver = Solver(
        pretrained,
        estimator.n_candidates,
        names_of_stages(estimator),
        settings,
        estimator.selection,
        estimator.loss == AUTO and is_noise_open,
        stop_when=StopWhen.of(estimator.stop_when),
        n_jobs=joblib.effective_n_jobs(estimator.n_jobs),
    )
    if estimator.denoise:
        solver.smoothed, solver.is_loss_open = smoothed(task.X, task.y, task.weights, task.seed), False
    return solver


def solved(solver: Solver, asked: Asked, posed: Posed, clock: Clock) -> tuple[Front, Task]:
    """A front and what it explains.

    Args:
        solver: How to search.
        asked: Data and wishes.
        posed: The task that they make.
        clock: For everything.
    """
    from nsr.search.by_group.solve import solve_by_group
    from nsr.search.templates import solve_template

    if posed.template is not None:
        places = asked.wide.places_of(asked.searched, len(posed.data.columns))
        return solve_template(solver, posed.task, posed.template, clock, places)
    guesses = [guess.expression for guess in posed.guesses]
    if asked.category is None or asked.codes is None:
        return solver.solve(posed.task, guesses, clock)
    codes = asked.category.checked(asked.codes[posed.data.rows])
    return solve_by_group(solver, posed.task, codes, asked.wide.n_groups, guesses, clock)
