"""Methods that find partial differential equations; a new one is a module with a class `Method`."""

from __future__ import annotations

from typing import Protocol

import sympy

from eval.field_problems import Observed
from eval.registry import Registry
from nsr.fields.variables import FieldVariables


class FieldMethod(Protocol):
    """One fit of one method."""

    def fit(self, observed: Observed, variables: FieldVariables) -> list[sympy.Expr]:
        """Right-hand sides, one for each field, over the names of the variables.

        Raises:
            ValueError: If the method has no place for such equations.
        """


_METHODS: Registry[[], FieldMethod] = Registry(__name__)
names, make, package = _METHODS.names, _METHODS.make, _METHODS.package
