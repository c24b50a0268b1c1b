"""What a fit of functions tells whoever watches it, in the user's words."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from nsr.expressions.expression import variable
from nsr.expressions.printing import to_infix
from nsr.progress import FrontRow, Progress, Watcher
from nsr.search.watching import Seen, Watch

# Digits of constants in what is shown while a fit goes on.
_DIGITS = 4


def told_to(
    watcher: Watcher | None, names: Sequence[str], columns: Iterable[int], time_limit: float
) -> Watch | None:
    """What tells a watcher of equations over the columns that are used, in the names of all.

    Args:
        watcher: Who is told; None where nobody is.
        names: Of all columns, as equations call them.
        columns: Those that are used.
        time_limit: Of the fit, in seconds, which begins now.
    """
    if watcher is None:
        return None
    back = {used: variable(int(column)) for used, column in enumerate(columns)}
    begun = time.monotonic()

    def row(seen: Seen) -> FrontRow:
        text = to_infix(seen.expression.substitute(back), names, _DIGITS)
        return FrontRow(seen.expression.complexity, seen.unexplained, text)

    def tell(at_work: str, best: Seen | None, n_tried: int, front: tuple[Seen, ...]) -> None:
        own = FrontRow(0, 1.0, "") if best is None else row(best)
        watcher(
            Progress(
                at_work,
                own.equation,
                own.unexplained,
                own.complexity,
                n_tried,
                time.monotonic() - begun,
                time_limit,
                tuple(map(row, front)),
            )
        )

    return tell
