"""Long tables in blocks of rows, so that derivatives of a million of them are never held at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Rows of which derivatives are held at a time.
ROWS_AT_A_TIME = 50_000


def blocks(n_rows: int) -> Iterator[slice]:
    """The rows in blocks, a single one of tables that are not long."""
    for begin in range(0, n_rows, ROWS_AT_A_TIME):
        yield slice(begin, min(begin + ROWS_AT_A_TIME, n_rows))


def triangle(parts: Iterable[Array]) -> Array:
    """The factor R of a QR decomposition of a matrix that comes in parts of its rows.

    Least squares have the same solution with it as with the matrix (Golub and Van Loan, Matrix Computations,
    section 5.3; in blocks: Demmel et al., SIAM Journal on Scientific Computing 34, 2012).

    Args:
        parts: Of shape (n, K), at least one.

    Returns:
        Shape (min(N, K), K), N being the number of all rows.
    """
    found: Array | None = None
    for part in parts:
        stacked = part if found is None else np.vstack((found, part))
        found = np.asarray(np.linalg.qr(stacked, mode="r"))
    assert found is not None
    return found
