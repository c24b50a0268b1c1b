import math
from dataclasses import replace

import numpy as np
import pytest

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.space import SearchSpace
from nsr.expressions.units import Units
from nsr.refinement.candidates import Candidate, scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.evolution.population import Population
from nsr.search.evolution_settings import EvolutionSettings
from nsr.task import Task

SMALL = EvolutionSettings(n_children=300, n_generations=3)


def task_of(text: str, n_variables: int = 2, seed: int = 0) -> Task:
    X = np.random.default_rng(seed).uniform(0.5, 2, (300, n_variables))
    return Task(X, Program([parse(text)]).values(X)[0], SQUARED_ERROR, seed=seed)


def population(task: Task, *texts: str, settings: EvolutionSettings = SMALL) -> Population:
    result = Population(task, settings)
    result.add(scored([parse(text) for text in texts], task))
    return result


def test_the_best_of_each_complexity_survive_once():
    task = task_of("x_0 + x_1")
    tested = population(task, "x_0 + x_1", "x_0", "x_1", "x_1 + x_0", "x_1 + 1.001*x_0", "x_0**2")
    assert tested.members[0] == parse("x_0 + x_1")
    assert {parse("x_0"), parse("x_1")} <= set(tested.members)
    assert parse("x_1 + x_0") not in tested.members  # the same skeleton
    few = population(task, *(f"{i}*x_0" for i in range(2, 9)), "x_0", settings=replace(SMALL, n_best=1))
    assert len(few) == 2  # one skeleton, and what is simpler


@pytest.mark.parametrize("law", ["x_0*x_1 + x_0", "3*x_0/(x_1 + 1)", "exp(x_0*x_1)"])
def test_a_short_law_evolves_from_variables(law):
    task = task_of(law)
    tested = population(task, "x_0", "x_1", settings=replace(SMALL, n_children=2_000))
    for _ in range(20):
        tested.evolve(Clock())
    assert tested.is_exact
    values = Program([tested.members[0]]).values(task.X)[0]
    np.testing.assert_allclose(values, task.y, rtol=1e-6)


def test_nothing_is_handed_on_twice():
    tested = population(task_of("sin(3*x_0)*x_1"), "x_0", "x_1")
    handed_on = []
    for _ in range(5):
        tested.evolve(Clock())
        handed_on += [expression.skeleton() for expression in tested.promising()]
    assert len(handed_on) == len(set(handed_on)) > 5


def test_two_populations_of_one_seed_are_the_same():
    first, second = (population(task_of("sin(3*x_0)*x_1"), "x_0", "x_1") for _ in range(2))
    for tested in (first, second):
        tested.evolve(Clock())
    assert first.members == second.members
    assert first.n_tried == second.n_tried > 300


def test_children_that_the_space_forbids_do_not_survive():
    units = Units.parse(("m", "s"), "m")
    task = replace(task_of("x_0*x_1"), space=SearchSpace(units))
    tested = population(task, "x_0")
    tested.evolve(Clock())
    assert len(tested) > 1
    assert all(units.allow(member) for member in tested.members)


def test_children_made_elsewhere_compete():
    tested = population(task_of("x_0*exp(x_1)"), "x_0")
    tested.take_in([parse("1.1*x_0*exp(0.9*x_1)"), parse("x_0")], Clock())
    assert tested.members[0].skeleton() == parse("1.1*x_0*exp(0.9*x_1)").skeleton()
    assert tested.n_tried == 1


def test_impossible_members_and_an_empty_population():
    task = task_of("x_0")
    tested = Population(task, SMALL)
    tested.evolve(Clock())
    assert (tested.members, tested.promising(), tested.parents(3)) == ([], [], [])
    tested.add([Candidate(parse("log(x_0 - 5)"), math.inf, math.inf)])
    assert tested.members == []


def test_a_long_search_does_not_remember_all_that_it_tried():
    task = task_of("sin(3*x_0)*x_1")
    tested = population(task, "x_0", "x_1", settings=replace(SMALL, most_remembered=100))
    for _ in range(3):
        tested.evolve(Clock())
    assert tested.n_tried > 1_000
    assert len(tested._tried) <= 100
