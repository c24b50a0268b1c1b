"""The user's own guesses come first."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nsr.clock import Clock
from nsr.expressions.expression import apply, constant
from nsr.refinement.candidates import Candidate, fitted, named
from nsr.search.context import Context

_NAME = "your guess"


class Guesses:
    """Refines what the user thinks; see `nsr.search.stage.Stage`."""

    components: frozenset[str] = frozenset()  # always on
    head_start = math.inf
    share = 1.0

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """One batch, with a free factor before each guess.

        What the user expects is no less plausible than what textbooks have: it has a name as well.
        """
        scaled = [apply("mul", constant(1.0), guess) for guess in context.guesses]
        found = fitted(scaled, context.root, context.settings.guessed, clock, "guesses")
        yield [named(candidate, _NAME, context.root) for candidate in found]
