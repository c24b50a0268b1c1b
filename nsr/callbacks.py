"""Callbacks that log a search, for `callback=` of the estimators: to TensorBoard, or to Weights and Biases.

What they log with is imported when the search begins, and is installed by whoever wants it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nsr.progress import Progress


class _Logger:
    """What both have in common: numbers at each step, and the best equation whenever it is another.

    Copies and pickles begin anew, as connections and open files cannot be copied.
    """

    def __init__(self) -> None:
        self._step = 0
        self._equation = ""
        self._open: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_step": 0, "_equation": "", "_open": None}

    def __call__(self, progress: Progress) -> None:
        """Logs how far a fit is."""
        if self._open is None:
            self._open = self._opened()
        numbers = {
            "unexplained": progress.unexplained,
            "complexity": float(progress.complexity),
            "tried": float(progress.n_tried),
            "seconds": progress.seconds,
        }
        is_new = progress.equation != self._equation
        self._equation = progress.equation
        self._log(numbers, progress.equation if is_new else None)
        self._step += 1

    def _opened(self) -> Any:
        raise NotImplementedError

    def _log(self, numbers: dict[str, float], equation: str | None) -> None:
        raise NotImplementedError


class TensorBoardLogger(_Logger):
    """Writes events that `tensorboard --logdir FOLDER` shows.

    Args:
        folder: Where to write; one for each fit.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self.folder = folder

    def _opened(self) -> Any:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ValueError("TensorBoardLogger needs tensorboard: pip install tensorboard") from None
        return SummaryWriter(str(self.folder))

    def _log(self, numbers: dict[str, float], equation: str | None) -> None:
        for name, number in numbers.items():
            self._open.add_scalar(f"search/{name}", number, self._step)
        if equation is not None:
            self._open.add_text("search/equation", f"`{equation}`", self._step)
            self._open.flush()


class WandbLogger(_Logger):
    """Logs to a run of Weights and Biases.

    Args:
        options: Of `wandb.init`, such as `project="nsr"` or `mode="offline"`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options

    def _opened(self) -> Any:
        try:
            import wandb
        except ImportError:
            raise ValueError("WandbLogger needs wandb: pip install wandb") from None
        return wandb.init(**self.options)

    def _log(self, numbers: dict[str, float], equation: str | None) -> None:
        self._open.log(numbers, step=self._step)
        if equation is not None:
            self._open.summary["equation"] = equation
