"""What a terminal shows while a fit goes on: what is at work, for how long, and the best equation so far."""

from __future__ import annotations

import math
import time

from rich.text import Text

from nsr.export.leaderboard import share
from nsr.progress import Progress


class LiveStatus:
    """Text that is written anew whenever the terminal draws it, beside a spinner.

    Rich draws from a thread of its own: it finds one frozen `Progress`, which is replaced as a whole.

    Args:
        time_limit: Of the fit, in seconds.
    """

    def __init__(self, time_limit: float) -> None:
        self._time_limit = time_limit
        self._begun = math.nan
        self._progress = Progress("beginning")

    def __call__(self, progress: Progress) -> None:
        """Takes note of how far the fit is; time runs from the first note on."""
        if math.isnan(self._begun):
            self._begun = time.monotonic()
        self._progress = progress

    def __rich__(self) -> Text:
        """At most two lines, which end where the terminal does."""
        progress, begun = self._progress, self._begun
        line = progress.at_work
        if not math.isnan(begun):
            line += f", {time.monotonic() - begun:.0f} of {self._time_limit:.3g} s"
        if progress.equation:
            line += f", unexplained {share(progress.unexplained)}\n{progress.equation}"
        return Text(line, no_wrap=True, overflow="ellipsis")
