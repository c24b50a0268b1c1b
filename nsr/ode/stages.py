"""The stages that there are: to add one, write it in a file of its own and name it here."""

from __future__ import annotations

from collections.abc import Callable

from nsr.ode.by_derivatives import DerivativesStage
from nsr.ode.library import CurvesStage, LibraryStage
from nsr.ode.neural import FunctionsStage, Networks, SystemsStage
from nsr.ode.stage import Stage
from nsr.ode.variation import VariationStage

# The cheap ones first: an exact and short system ends the search.
STAGES: dict[str, Callable[[Networks], Stage]] = {
    "derivatives": DerivativesStage,
    "library": lambda _: LibraryStage(),
    "curves": lambda _: CurvesStage(),
    "systems": SystemsStage,
    "functions": FunctionsStage,
    "variation": lambda _: VariationStage(),
}
