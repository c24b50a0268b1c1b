"""PhySO: a recurrent network that learns by reinforcement which expressions pay (Tenachi et al. 2023)."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy
import torch

from eval.methods import Array, Budget
from eval.registry import MethodMissingError

OPERATIONS = ["add", "sub", "mul", "div", "inv", "n2", "sqrt", "neg", "exp", "log", "sin", "cos"]
# A one and three constants that are fitted, beside its default configuration.
CONSTANTS = ["c1", "c2", "c3"]
# As many as for Operon.
ROWS = 1_000
# Its documentation's where constants are fitted: the reward is one only where there is no error.
_STOP_REWARD = 1 - 1e-5


class Method:
    """`physo.SR` without units, ended after the epoch in which time is up; the program of the best reward."""

    package = "physo"

    def __init__(self, budget: Budget) -> None:
        try:
            with _quiet():  # it says what else might be installed
                import physo  # noqa: F401 (told now, not after the data are drawn)
        except ImportError:
            raise MethodMissingError("physo is not installed: pip install -e '.[peers]'") from None
        self._budget = budget

    def fit(self, X: Array, y: Array) -> None:
        """Fits a random part of the rows; it draws from the generators of the whole process."""
        import physo

        rows = np.random.default_rng(self._budget.seed).permutation(len(y))[:ROWS]
        np.random.seed(self._budget.seed)
        torch.manual_seed(self._budget.seed)
        torch.set_num_threads(self._budget.cores)
        watch = _Watch(self._budget.time_limit)
        with _quiet(), contextlib.suppress(_TimeIsUpError):
            physo.SR(
                X[rows].T,
                y[rows],
                X_names=[f"x_{i}" for i in range(X.shape[1])],
                y_name="y",
                fixed_consts=[1.0],
                free_consts_names=CONSTANTS,
                op_names=OPERATIONS,
                stop_reward=_STOP_REWARD,
                stop_after_n_epochs=0,
                get_run_logger=lambda: physo.learn.monitoring.RunLogger(do_save=False),
                get_run_visualiser=lambda: watch,
                parallel_mode=self._budget.cores > 1,
                n_cpus=self._budget.cores,
            )
        self._program = watch.best

    def predict(self, X: Array) -> Array:
        """Predicts with the program of the best reward."""
        values = self._program.execute(torch.from_numpy(X.T)).detach().numpy()
        return np.array(np.broadcast_to(values, len(X)), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """The program of the best reward, with its constants."""
        with _quiet():
            formula = self._program.get_infix_sympy(evaluate_consts=True)[0]
        return formula.subs({one: sympy.Symbol(one.name, real=True) for one in formula.free_symbols})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what the package prints, and its warnings of NumPy 2, to itself."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _TimeIsUpError(Exception):
    """No epoch is begun any more."""


class _Watch:
    """Stands where the package draws its pictures, which it does after each epoch."""

    def __init__(self, time_limit: float) -> None:
        self._end = time.monotonic() + time_limit
        self.best: Any = None

    def visualise(self, run_logger: Any, batch: Any) -> None:  # noqa: ARG002 (the package's)
        """Keeps the best program; ends the run when its time is up."""
        self.best = run_logger.best_prog
        if time.monotonic() > self._end:
            raise _TimeIsUpError

    def save_visualisation(self) -> None:
        """Draws nothing at the end."""

    save_data = save_pareto_data = save_pareto_fig = save_visualisation
