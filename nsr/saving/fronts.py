"""What all fronts of systems of equations have in common, as JSON has it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsr.expressions.expression import Expression
from nsr.saving.operators import add_operators, plain_operators
from nsr.saving.parameters import plain_parameters
from nsr.saving.plain import plain, rebuilt
from nsr.saving.rows import plain_table, rebuilt_expression, rebuilt_table

if TYPE_CHECKING:
    from nsr.fitted_systems import FittedSystems


def plain_front(estimator: FittedSystems) -> dict[str, Any]:
    """The front of a fitted estimator, its constants, parameters and warnings.

    `best` is the place of the chosen one among the `systems`, whose `tokens` are the prefix forms of their
    right-hand sides, which are what is read back.
    """
    return {
        "best": estimator.best_index_,
        "operators": plain_operators(one for system in estimator.expressions_ for one in system),
        "systems": [
            row | {"tokens": plain(system)}
            for row, system in zip(plain_table(estimator.equations_), estimator.expressions_, strict=True)
        ],
        "constants": plain_table(estimator.constants_),
        "warnings": estimator.warnings_,
        "parameters": plain_parameters(estimator.get_params(deep=False)),
    }


def fill_front(
    estimator: FittedSystems, content: Mapping[str, Any], n_equations: int, n_variables: int
) -> None:
    """Gives an estimator the front of another one.

    Args:
        estimator: Not fitted, with the parameters of the other.
        content: What `plain_front` said.
        n_equations: Right-hand sides of a system.
        n_variables: What these may be made of.

    Raises:
        ValueError: If the content is not one of these.
        KeyError: If a part is missing.
        TypeError: If a part has not the form that it should have.
    """
    add_operators(content["operators"])
    rows = content["systems"]
    estimator.expressions_ = [_system(row["tokens"], n_equations, n_variables) for row in rows]
    estimator.best_index_ = range(len(rows))[content["best"]]
    estimator.equations_ = rebuilt_table(rows)
    estimator.constants_ = rebuilt_table(content["constants"]) if content["constants"] else pd.DataFrame()
    estimator.warnings_ = rebuilt(list[str], content["warnings"])


def _system(components: Any, n_equations: int, n_variables: int) -> tuple[Expression, ...]:
    if len(components) != n_equations:
        raise ValueError(f"{n_equations} right-hand sides make a system, not {len(components)}")
    return tuple(rebuilt_expression(tokens, n_variables) for tokens in components)
