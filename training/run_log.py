"""The CSV log of a run: every line that was logged is on disk, whatever stops the run."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from nsr.data.writing import write_whole


class RunLog(CSVLogger):
    """Lightning's CSV logger, which never loses a line.

    Lightning rewrites the whole file when a new column appears (the first validation brings some), and a run
    that is killed meanwhile has lost its log; here the new file replaces the old one in one step.

    Args:
        folder: Folder of the run; the log is `logs/version_N/metrics.csv` in it, a new N for each start.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder, name="logs", flush_logs_every_n_steps=1)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Tensor | float], step: int | None = None) -> None:
        """Appends a line and waits until it is on disk."""
        writer = self.experiment
        path = Path(writer.metrics_file_path)
        columns = sorted({*writer.metrics_keys, *metrics, "step"})
        if path.exists() and columns != writer.metrics_keys:
            _add_columns(path, columns)
        writer.metrics_keys = columns
        super().log_metrics(dict(metrics), step)
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _add_columns(path: Path, columns: list[str]) -> None:
    content = io.StringIO(newline="")
    writer = csv.DictWriter(content, fieldnames=columns)
    writer.writeheader()
    with path.open(newline="") as old:
        writer.writerows(csv.DictReader(old))
    write_whole(path, content.getvalue())
