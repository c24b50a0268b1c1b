"""What the user should know about the data, told as warnings while the work goes on."""

from __future__ import annotations

import warnings


class DataWarning(UserWarning):
    """Something about the data that the user should know; the fit goes on."""


def tell(message: str) -> None:
    """Warns the user about the data."""
    warnings.warn(message, DataWarning, stacklevel=4)
