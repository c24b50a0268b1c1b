"""The stages of the search, in the order in which they come."""

from __future__ import annotations

from collections.abc import Callable

from nsr.search.asking import AskingAboutStates, AskingAboutTable
from nsr.search.cases.stage import Cases, Logic
from nsr.search.curves.stage import Curves, CurvesFirst
from nsr.search.enumeration.stage import Enumeration
from nsr.search.evolution.stage import Completion, Evolution, EvolutionOfStates, Variations
from nsr.search.guesses import Guesses
from nsr.search.islands import Islands
from nsr.search.periods.stage import Periods
from nsr.search.settings import SearchSettings
from nsr.search.stage import Stage
from nsr.search.structure.stage import Structure

# What makes each stage of a search from its settings.
STAGES: list[Callable[[SearchSettings], Stage]] = [
    lambda _: Guesses(),
    lambda _: Logic(),
    lambda settings: Structure(settings.structure),
    lambda settings: Cases(settings.cases),
    lambda settings: Periods(settings.periods),
    lambda settings: CurvesFirst(settings.curves),
    lambda settings: EvolutionOfStates(settings.evolution),
    lambda settings: Evolution(settings.evolution),
    lambda settings: Enumeration(settings.enumeration),
    lambda settings: Variations(settings.variations),
    lambda settings: Curves(settings.curves),
    lambda _: AskingAboutTable(),
    lambda _: AskingAboutStates(),
    lambda _: Completion(),
    lambda settings: Islands(settings.islands),
]


def stages(settings: SearchSettings) -> list[Stage]:
    """The stages of one search."""
    return [make(settings) for make in STAGES]
