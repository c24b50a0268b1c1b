"""Axes to draw into."""

from __future__ import annotations

from typing import Any


def new_axes() -> Any:
    """Those of a new pyplot figure."""
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
