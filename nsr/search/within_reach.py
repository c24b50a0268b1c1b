"""Tables of more columns than the network knows: where it, and what takes tables apart, begin."""

from __future__ import annotations

import numpy as np

from nsr.data.relevance import importances
from nsr.search.state import State
from nsr.task import ROWS


def within_reach(root: State, most: int) -> list[State]:
    """The table with the columns alone that a forest relies on most, and those that are required.

    Args:
        root: The table.
        most: Columns that it may have.

    Returns:
        One state; none where the table has no more columns than that.
    """
    if root.n_variables <= most:
        return []
    few = root.first(ROWS)
    worth = importances(few.X, few.y, few.weights, root.seed)
    is_required = np.isin(np.arange(root.n_variables), list(root.space.required))
    others = np.lexsort((-worth, ~is_required))[most:]
    return [root.without(tuple(int(place) for place in np.sort(others)))]
