"""Hypothesis strategies for expressions."""

from hypothesis import strategies as st

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import N_BUILTIN, N_ELEMENTARY, OPERATORS

BUILTIN = list(OPERATORS)[:N_BUILTIN]
# Those that SymPy computes, differentiates and reads by the same names.
ELEMENTARY = BUILTIN[:N_ELEMENTARY]
EXPONENTS = (-2.0, -1.0, -0.5, 0.5, 1 / 3, 1.5, 2.0, 3.0, 4.0, 2.37)
NUMBERS = st.sampled_from((1.0, 2.0, -1.0, 0.5, 3.7, -2.25, 1 / 3))


def expressions(
    n_variables: int = 3, max_leaves: int = 6, names: list[str] = BUILTIN
) -> st.SearchStrategy[Expression]:
    """Trees over built-in operators, all of them by default, with fixed and free exponents."""
    leaves = st.integers(0, n_variables - 1).map(variable) | NUMBERS.map(constant)
    return st.recursive(leaves, lambda children: _extend(children, names), max_leaves=max_leaves)


def _extend(children: st.SearchStrategy[Expression], names: list[str]) -> st.SearchStrategy[Expression]:
    power = st.builds(apply, st.just("pow"), children, st.sampled_from(EXPONENTS).map(constant))
    own = [
        st.builds(apply, st.sampled_from(of_arity), *[children] * arity)
        for arity in (1, 2, 3)
        if (of_arity := [name for name in names if OPERATORS[name].arity == arity and name != "pow"])
    ]
    return st.one_of(*own, power)
