import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.evaluate.interpreter import ADD, MUL
from nsr.evaluate.program import Program
from nsr.evaluate.tape import NUMBER
from nsr.expressions.parsing import parse
from nsr.search.evolution.breeding import Grammar, bred, known
from nsr.search.evolution.genomes import Genomes
from nsr.search.evolution_settings import EvolutionSettings

TEXTS = ("x_0 + 2.5*sin(x_1)", "x_0*x_1", "exp(x_0) - x_1**2", "3/(x_0**1.7 + 1)", "(x_0 + 0.5)**3")
EXPRESSIONS = [parse(text) for text in TEXTS]
GRAMMAR = Grammar.of(2)
ROOM = 30


def genomes(*texts: str) -> Genomes:
    return Genomes.of([parse(text) for text in texts], ROOM)


def expressions(found: Genomes) -> list:
    return [found.expression(row) for row in range(len(found))]


def test_equations_are_the_same_in_arrays_and_out_of_them():
    assert expressions(genomes(*TEXTS)) == EXPRESSIONS


def test_their_tape_computes_what_the_equations_do(rng):
    X = rng.uniform(1, 2, (8, 2))
    tape = genomes(*TEXTS).tape()
    np.testing.assert_array_equal(Program(tape).values(X), Program(EXPRESSIONS).values(X))
    np.testing.assert_array_equal(tape.constants, Program(EXPRESSIONS).constants)


def test_constants_go_where_they_came_from(rng):
    found = genomes(*TEXTS)
    tape = found.tape()
    new = rng.normal(size=tape.constants.shape)
    moved = expressions(found.with_constants(tape, new))
    counts = [len(expression.constants) for expression in EXPRESSIONS]
    assert moved == [e.with_constants(row[:n]) for e, row, n in zip(EXPRESSIONS, new, counts, strict=True)]


def test_tokens_before_and_after():
    found = genomes("x_0", "x_1*x_0").after((MUL, NUMBER), (0.0, np.array([2.0, 3.0])))
    assert expressions(found) == [parse("2*x_0"), parse("3*(x_1*x_0)")]
    assert expressions(found.without_first(2)) == [parse("x_0"), parse("x_1*x_0")]
    summed = found.after((ADD,), (0.0,)).before(np.array([5.0, 6.0]))
    assert expressions(summed) == [parse("2*x_0 + 5"), parse("3*(x_1*x_0) + 6")]


@given(st.integers(0, 10_000))
def test_children_are_well_formed_and_of_the_given_variables(seed):
    children = bred(genomes(*TEXTS), 60, GRAMMAR, np.random.default_rng(seed), EvolutionSettings())
    rows = np.flatnonzero(children.genomes.lengths)
    assert len(rows) > 30
    for row in rows:
        child = children.genomes.expression(row)
        type(child)(child.tokens)  # raises if malformed
        assert set(child.variables) <= {0, 1}
        assert child.complexity == children.complexity[row]
        assert all(part.variables or len(part) == 1 for part in child.subexpressions())  # constants are one


def test_children_depend_on_the_seed_alone():
    first, again, other = (
        bred(genomes(*TEXTS), 60, GRAMMAR, np.random.default_rng(seed), EvolutionSettings())
        for seed in (1, 1, 2)
    )
    assert expressions(first.genomes) == expressions(again.genomes) != expressions(other.genomes)


@pytest.mark.parametrize(
    ("text", "other", "are_equal"),
    [
        ("x_0 + 2*x_1", "7*x_1 + x_0", True), ("sin(x_0*x_1)", "sin(x_1*x_0)", True),
        ("x_0 - x_1", "x_1 - x_0", False), ("x_0/x_1", "x_1/x_0", False), ("x_0**2.5", "x_0**1.5", False),
        ("x_0 + x_1*x_0", "x_1 + x_0*x_0", False), ("sin(x_0)", "cos(x_0)", False),
    ],
)  # fmt: skip
def test_skeletons_do_not_see_constants_and_the_order_of_terms_and_factors(text, other, are_equal):
    first, second = known(genomes(text, other), GRAMMAR).skeletons
    assert (first == second) == are_equal


def test_which_have_variables():
    assert genomes("3", "x_1", "2*4").has_variables().tolist() == [False, True, False]
