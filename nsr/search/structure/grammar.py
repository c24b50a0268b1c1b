"""The small grammar of the terms that families are made of, from simple to complicated."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.monomials import ONE, power
from nsr.expressions.operator_set import OperatorSet
from nsr.expressions.operators import OPERATORS, Operator
from nsr.search.structure_settings import FamiliesSettings


@cache
def terms_of(n_variables: int, known: tuple[str, ...], settings: FamiliesSettings) -> tuple[Expression, ...]:
    """Terms in this many variables, the constant first, then from simple to complicated.

    Args:
        n_variables: How many.
        known: Operators that terms may be functions by.
        settings: Which terms, and how many.
    """
    n_powers = _of_number(settings.n_powers, n_variables)
    atoms = [[power(i, p) for p in settings.powers[:n_powers]] for i in range(n_variables)]
    scales = settings.scales[: _of_number(settings.n_scales, n_variables)]
    functions = [_functions(i, scales, known, settings.common) for i in range(n_variables)]
    if n_variables == 1:
        functions[0] += _of_groups(variable(0))
    singles = [term for level in itertools.zip_longest(*atoms) for term in level if term is not None]
    plain = [term for level in itertools.zip_longest(*functions) for term in level if term is not None]
    mixed = _products(atoms, n_powers)
    decorated = [
        apply("mul", power, function)
        for i, j in itertools.product(range(n_variables), repeat=2)
        for power in atoms[i][: settings.n_decorations]
        for function in functions[j][: settings.n_decorated]
    ]
    cubes = [
        apply("mul", apply("mul", atoms[i][0], atoms[j][0]), atoms[k][0])
        for i, j, k in itertools.combinations(range(n_variables), 3)
    ]
    ordered = (
        ONE,
        *singles[: 3 * n_variables],
        *mixed[:40],
        *plain,
        *_wave_products(n_variables, known, settings),
        *singles[3 * n_variables :],
        *cubes,
        *decorated,
        *mixed[40:],
    )
    return tuple(dict.fromkeys(ordered))[: _of_number(settings.max_terms, n_variables)]


def _of_number(values: tuple[int, ...], n_variables: int) -> int:
    """The value for this many variables, the last one for all beyond."""
    return values[min(n_variables, len(values)) - 1]


def _products(atoms: list[list[Expression]], n_powers: int) -> list[Expression]:
    """Products of powers of two variables, low powers first."""
    pairs = itertools.combinations(range(len(atoms)), 2)
    options = [
        (p + q, apply("mul", atoms[i][p], atoms[j][q]))
        for i, j in pairs
        for p in range(n_powers)
        for q in range(n_powers)
    ]
    options.sort(key=lambda option: option[0])
    return [product for _, product in options]


def _wave_products(
    n_variables: int, functions_known: tuple[str, ...], settings: FamiliesSettings
) -> list[Expression]:
    """Waves of the first powers of one variable, times each other; and of two variables, times each other."""
    if n_variables > len(settings.wave_powers):
        return []
    powers = settings.wave_powers[n_variables - 1]
    waves = [
        [apply(name, power(i, p)) for p in powers for name in functions_known if OPERATORS[name].period]
        for i in range(n_variables)
    ]
    if n_variables == 1:
        return [*waves[0], *(apply("mul", a, b) for a, b in itertools.combinations(waves[0], 2))]
    return [wave for own in waves for wave in own] + [
        apply("mul", a, b) for a, b in itertools.product(*waves)
    ]


def functions_known(operators: OperatorSet) -> tuple[str, ...]:
    """Names of the functions that equations are searched with."""
    return tuple(name for name in operators.drawn(1) if OPERATORS[name].complexity > 1)


def _functions(
    index: int, scales: tuple[float, ...], known: tuple[str, ...], least: float
) -> list[Expression]:
    """Functions of one variable, with a few inner constants that refinement will move."""
    z = variable(index)
    scaled = [z if scale == 1 else apply("mul", constant(scale), z) for scale in scales]
    operators = [OPERATORS[name] for name in known]
    common = [o for o in operators if o.frequency >= least]
    everywhere = [o for o in common if o.domain == (-np.inf, np.inf)]
    return [
        *(form for inner in scaled for o in everywhere for form in _of_both_signs(o, inner)),
        *(apply(o.name, z) for o in common if o not in everywhere),
        apply("exp", apply("neg", apply("square", z))),
        *(apply(o.name, z) for o in operators if o not in common),
    ]


def _of_groups(z: Expression) -> list[Expression]:
    """What laws have of dimensionless groups: Lorentz's factor, and mean numbers and moments.

    Of these the group may be an energy over a temperature, or the other way round.
    """
    shortened = apply("sqrt", apply("sub", ONE, apply("square", z)))
    upside_down = apply("inv", z)
    return [
        apply("inv", shortened),
        shortened,
        *(apply("inv", apply("sub", apply("exp", u), ONE)) for u in (z, upside_down)),
        *(apply("inv", apply("tanh", u)) for u in (z, upside_down)),
        *(apply("exp", u) for u in (upside_down, apply("neg", upside_down))),
        apply("tanh", upside_down),
    ]


def _of_both_signs(operator: Operator, argument: Expression) -> list[Expression]:
    """An operator of an argument, and of its negative where that is not the same up to a sign."""
    plain = apply(operator.name, argument)
    return [plain] if operator.parity else [plain, apply(operator.name, apply("neg", argument))]
