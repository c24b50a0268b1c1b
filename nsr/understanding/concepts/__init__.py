"""Concepts: observations, questions and their answers come in; the few numbers that answer them go out.

`fit` is what the user calls, as `nsr.concepts.fit`.
"""

from nsr.understanding.concepts.fitting import Concepts, fit
from nsr.understanding.concepts.network import Training

__all__ = ["Concepts", "Training", "fit"]
