"""What the user should know about the data, told as warnings while the work goes on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

_MOST_LISTED = 12

_kept: ContextVar[list[str] | None] = ContextVar("kept", default=None)


class DataWarning(UserWarning):
    """Something about the data that the user should know; the fit goes on."""


def listed(things: Sequence[str]) -> str:
    """Things by comma, the first few of many."""
    more = len(things) - _MOST_LISTED
    return ", ".join(things[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def tell(message: str) -> None:
    """Warns the user about the data."""
    kept = _kept.get()
    if kept is not None:
        kept.append(message)
    warnings.warn(message, DataWarning, stacklevel=4)


@contextmanager
def kept_notes() -> Iterator[list[str]]:
    """Keeps what is told meanwhile in a list, too, as a result is read long after its warnings were shown."""
    notes: list[str] = []
    token = _kept.set(notes)
    try:
        yield notes
    finally:
        _kept.reset(token)


def quiet_arithmetic() -> AbstractContextManager[object]:
    """Lets numbers overflow in silence: no user could do anything about it, and NaN is looked for."""
    import numpy as np  # which the command does not load before it reads its options

    return np.errstate(all="ignore")
