"""What Lightning says of other products, and to its own developers, left out of a run's output."""

from __future__ import annotations

import logging
import warnings

_LOGGER = "lightning.pytorch.utilities.rank_zero"


def quieten() -> None:
    """Drops advertisements, and warnings that Lightning causes in its own code."""
    logging.getLogger(_LOGGER).addFilter(_is_no_advertisement)
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.* is deprecated")


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip:" not in record.getMessage()
