"""Hypothesis strategies for expressions."""

from hypothesis import strategies as st

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import N_BUILTIN, OPERATORS

BUILTIN = list(OPERATORS)[:N_BUILTIN]
EXPONENTS = (-2.0, -1.0, -0.5, 0.5, 1 / 3, 1.5, 2.0, 3.0, 4.0, 2.37)
NUMBERS = st.sampled_from((1.0, 2.0, -1.0, 0.5, 3.7, -2.25, 1 / 3))


def expressions(n_variables: int = 3, max_leaves: int = 6) -> st.SearchStrategy[Expression]:
    """Trees over all built-in operators, with fixed and free exponents."""
    leaves = st.integers(0, n_variables - 1).map(variable) | NUMBERS.map(constant)
    return st.recursive(leaves, _extend, max_leaves=max_leaves)


def _extend(children: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    unary = [name for name in BUILTIN if OPERATORS[name].arity == 1]
    binary = [name for name in BUILTIN if OPERATORS[name].arity == 2 and name != "pow"]
    return (
        st.builds(apply, st.sampled_from(unary), children)
        | st.builds(apply, st.sampled_from(binary), children, children)
        | st.builds(apply, st.just("pow"), children, st.sampled_from(EXPONENTS).map(constant))
    )
