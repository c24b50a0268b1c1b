"""Searches that end early by work, not by time: for tests of what is found, not of how far a search goes."""

from dataclasses import replace

from nsr.search.evolution_settings import EvolutionSettings, PartsSettings
from nsr.search.settings import FinishingSettings, SearchSettings

# Evolution gives up after a few looks at which nothing was better.
HASTY = replace(
    SearchSettings(),
    evolution=EvolutionSettings(patience=4, n_children=500, n_generations=3),
    parts=PartsSettings(n_first=200, most=400),
)
# It hardly begins, and few of its finds are rounded and reworded.
IDLE = replace(
    SearchSettings(),
    finishing=FinishingSettings(n_promising=50, n_polished=10, n_snapped=4, n_rewritten=2),
    evolution=EvolutionSettings(patience=2, n_children=20, n_generations=1),
    parts=PartsSettings(n_first=40, most=60, n_grown=10),
)
