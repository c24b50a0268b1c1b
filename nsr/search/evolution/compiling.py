"""Compiling of evolution's kernels in the first fit on a machine."""

from __future__ import annotations

import numpy as np

from nsr.expressions.expression import variable
from nsr.search.evolution.breeding import Grammar, bred
from nsr.search.evolution.genomes import Genomes
from nsr.search.evolution_settings import EvolutionSettings


def compile_evolution() -> None:
    """Loads or compiles what breeds equations."""
    members = Genomes.of([variable(0)], 8)
    bred(members, 1, Grammar.of(1), np.random.default_rng(0), EvolutionSettings())
