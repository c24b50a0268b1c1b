"""Evolution's stages: of its own, and with parts asked of the network."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.clock import Clock
from nsr.refinement.candidates import Candidate
from nsr.search.context import Context
from nsr.search.evolution.generations import Generations
from nsr.search.evolution.states import evolved_states
from nsr.search.evolution.variations import Varied
from nsr.search.evolution_settings import EvolutionSettings, VariationsSettings


class Evolution:
    """Children by mutation and crossover, and with parts of a dictionary; see `nsr.search.stage.Stage`."""

    components = frozenset({"evolution"})

    def __init__(self, settings: EvolutionSettings) -> None:
        self.head_start, self.share = settings.head_start, settings.share

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Generation after generation."""
        return Generations(context, clock).evolved()


class Variations:
    """All that is one change away from the best equations; see `nsr.search.stage.Stage`."""

    components = frozenset({"evolution"})

    def __init__(self, settings: VariationsSettings) -> None:
        self.head_start, self.share = -settings.wait, settings.share

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Equation after equation."""
        return Varied(context, clock).batches()


class EvolutionOfStates:
    """Evolution of the same law in fewer variables; see `nsr.search.stage.Stage`."""

    components = frozenset({"evolution"})

    def __init__(self, settings: EvolutionSettings) -> None:
        self.head_start, self.share = settings.states_head_start, settings.states_share

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """State after state."""
        return evolved_states(context, clock)


class Completion:
    """Members with a part of the network's; see `nsr.search.stage.Stage`."""

    components = frozenset({"evolution"})
    head_start = -2.0
    share = 1.0

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Generation after generation, where the network may be asked."""
        return Generations(context, clock).completed() if "network" in context.components else iter(())
