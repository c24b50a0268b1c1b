"""Results as JSON lines: one for each finished fit, never lost, never repeated."""

from __future__ import annotations

import fcntl
import gzip
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pandas as pd

from eval.provenance import provenance
from nsr.data.writing import write_whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

K = TypeVar("K", bound="DataclassInstance")

RESULTS, SETTINGS = "results.jsonl", "settings.json"


@dataclass(frozen=True, order=True)
class Fit:
    """One fit of the plan.

    Attributes:
        problem: Name of the problem.
        method: Name of the method.
        noise: Level of target noise.
        seed: Seed of data and method.
    """

    problem: str
    method: str
    noise: float
    seed: int


class Records(Generic[K]):
    """The results file of a run, locked while it is open.

    Args:
        folder: Folder of the run; made if missing.
        settings: What all fits of the run share; a run goes on only with the settings it began with.
        kind: The dataclass that tells fits apart, such as `Fit`.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], kind: type[K]) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._check_settings(settings)
        self._file = (folder / RESULTS).open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ValueError(
                f"another run writes to {folder}; wait for it or choose another --output"
            ) from None
        self._drop_unfinished_line()
        self._file.seek(0)
        names = [field.name for field in fields(kind)]
        rows = map(json.loads, self._file)
        self.done: set[K] = {kind(*(row[name] for name in names)) for row in rows}

    def add(self, fit: K, row: dict[str, Any]) -> None:
        """Appends a finished fit and waits until it is on disk."""
        self._file.write(json.dumps(asdict(fit) | row).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.done.add(fit)

    def close(self) -> None:
        """Closes and unlocks the file."""
        self._file.close()

    def _check_settings(self, settings: dict[str, Any]) -> None:
        path = self._folder / SETTINGS
        if not path.exists():
            write_whole(path, json.dumps(settings, indent=1) + "\n")
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [name for name in settings if before.get(name) != settings[name]]
        if changed:
            told = ", ".join(f"{name} was {before.get(name)}, is {settings[name]}" for name in changed)
            raise ValueError(
                f"{self._folder} holds results of other settings ({told}); choose another --output"
            )

    def _drop_unfinished_line(self) -> None:
        """Cuts off what a killed run was writing."""
        self._file.seek(0)
        text = self._file.read()
        self._file.truncate(text.rfind(b"\n") + 1)


@contextmanager
def opened(folder: Path, settings: dict[str, Any], kind: type[K]) -> Iterator[Records[K]]:
    """The records of a run, closed at the end; see `Records`."""
    records = Records(folder, settings, kind)
    try:
        yield records
    finally:
        records.close()


def write_rows(
    path: Path, rows: Iterable[Mapping[Any, Any]], package: Callable[[str], str | None] | None = None
) -> None:
    """Writes the rows of a benchmark that is run at one go, each with what made it; whole or not at all.

    Args:
        path: A file of JSON lines; what it held is replaced.
        rows: The rows, of names and values that JSON knows; what is not a number becomes null.
        package: Tells the distribution of a row's `method`, where methods are not all ours.
    """
    lines = [
        {name: None if _is_nan(value) else value for name, value in row.items()}
        | provenance(package and package(row["method"]))
        for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, "".join(json.dumps(line) + "\n" for line in lines))


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def read_results(folder: Path) -> pd.DataFrame:
    """All results of a run, one row for each fit; the file may be compressed with gzip.

    Raises:
        ValueError: If the folder holds no results.
    """
    plain, compressed = folder / RESULTS, folder / f"{RESULTS}.gz"
    if plain.exists():
        text = plain.read_bytes()
    elif compressed.exists():
        text = gzip.decompress(compressed.read_bytes())
    else:
        raise ValueError(f"{folder} holds no {RESULTS}; make it with a benchmark's `run`")
    rows = [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]
    if not rows:
        raise ValueError(f"{folder / RESULTS} is empty: no fit has finished yet")
    return pd.DataFrame(rows)


def read_settings(folder: Path) -> dict[str, Any]:
    """What all fits of a run share."""
    settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    return settings
