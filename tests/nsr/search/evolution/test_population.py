import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import Candidate
from nsr.search.evolution.population import Population
from nsr.search.settings import EvolutionSettings

TEXTS = ("x_0 + 2*sin(x_1)", "x_0*x_1", "exp(x_0) - x_1**2", "3/(x_0 + 1)")


def member(text: str, bits: float) -> Candidate:
    return Candidate(parse(text), 1.0, bits)


def population(seed: int = 0) -> Population:
    result = Population(2, seed, EvolutionSettings())
    result.add(member(text, float(bits)) for bits, text in enumerate(TEXTS))
    return result


@given(st.integers(0, 10_000))
def test_children_are_new_well_formed_and_of_the_given_variables(seed):
    parents = {parse(text).skeleton() for text in TEXTS}
    children = population(seed).children(30)
    skeletons = [child.skeleton() for child in children]
    assert len(set(skeletons)) == len(skeletons) > 10
    assert not parents & set(skeletons)
    for child in children:
        type(child)(child.tokens)  # raises if malformed
        assert set(child.variables) <= {0, 1}
        assert child.variables


def test_nothing_is_tried_twice():
    tested = population()
    first = {child.skeleton() for child in tested.children(50)}
    second = {child.skeleton() for child in tested.children(50)}
    assert not first & second


def test_the_best_of_each_complexity_survive():
    tested = Population(1, 0, EvolutionSettings())
    tested.add(member(f"sin(x_0 + {i})", 100.0 + i) for i in range(3))
    tested.add([member("x_0**" + "2", -5.0), member("x_0", 500.0)])
    survivors = {m.expression for m in tested.members}
    assert parse("x_0") in survivors  # the worst, but the only one so simple
    assert min(m.bits for m in tested.members) == -5.0
    sines = [m for m in tested.members if "sin" in m.expression.tokens]
    assert [m.bits for m in sines] == [100.0]  # one skeleton, its best constants


def test_impossible_members_and_an_empty_population():
    tested = Population(1, 0, EvolutionSettings())
    tested.add([member("x_0", np.inf)])
    assert tested.members == []
    assert tested.children(5) == []


@given(st.integers(0, 10_000))
def test_a_member_with_its_part_put_back_has_the_values_it_had(seed):
    tested = population(seed)
    X = np.random.default_rng(seed).uniform(1, 2, (8, 2))
    values = [Program([m.expression]).values(X)[0] for m in tested.members]
    context, part = tested.incomplete(2)
    assert context.tokens.count("x_2") == 1
    again = Program([context.substitute({2: part})]).values(X)[0]
    assert any(np.allclose(again, of_member) for of_member in values)
