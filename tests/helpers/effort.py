"""Searches that end early by work, not by time: for tests of what is found, not of how far a search goes."""

from dataclasses import replace

from nsr.search.settings import EvolutionSettings, SearchSettings

# Evolution gives up after a few generations in which nothing got better.
HASTY = replace(SearchSettings(), evolution=EvolutionSettings(patience=4))
