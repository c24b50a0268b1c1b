"""An operator from outside the package, the Lorentz factor, in every place that operators have."""

import ctypes
import subprocess

import numpy as np
import pytest
import sympy
import torch
from tasks import task

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.export.c import to_c
from nsr.export.latex import to_latex
from nsr.export.torch import ExpressionModule
from nsr.expressions.operators import Operator
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify
from nsr.expressions.sympy_form import from_sympy, to_sympy
from nsr.expressions.units import Units
from nsr.network.checkpoint import CheckpointError, from_pretrained, save_pretrained
from nsr.network.model import Model, ModelConfig
from nsr.network.tokenizer import Tokenizer
from nsr.refinement.candidates import scored
from nsr.refinement.refine import refine
from nsr.search.evolution.population import Population
from nsr.search.evolution.semantics import gaps
from nsr.search.evolution_settings import EvolutionSettings
from nsr.search.state import State
from nsr.search.structure.families import relations

SPEEDS = np.random.default_rng(0).uniform(0.1, 0.9, (50, 2))
FACTORS = 1 / np.sqrt(1 - SPEEDS**2)


@pytest.fixture(autouse=True)
def lorentz(registered):
    operator = Operator(
        "lorentz",
        1,
        lambda v: torch.rsqrt(1 - v * v),
        lambda v: 1 / sympy.sqrt(1 - v**2),
        complexity=2,
        code={"c": "(1/sqrt(1 - ({0})*({0})))"},
        parity="even",
        is_nonnegative=True,
        domain=(-1.0, 1.0),
        inverses=(lambda wanted, now: np.copysign(np.sqrt(1 - wanted**-2), now),),
        searched=True,
    )
    registered(operator)
    return operator


def test_it_is_parsed_printed_and_counted():
    expression = parse("2*lorentz(v/c)", ["v", "c"])
    assert expression.tokens == ("mul", 2.0, "lorentz", "div", "x_0", "x_1")
    assert to_infix(expression, ["v", "c"]) == "2*lorentz(v/c)"
    assert expression.complexity == 7


def test_it_is_simplified_by_its_parity():
    assert simplify(parse("abs(lorentz(-2*x_0))")) == parse("lorentz(2*x_0)")


def test_it_is_evaluated_and_differentiated():
    program = Program([parse("lorentz(0.5*x_0) + x_1")])
    values, jacobian = program.jacobian(SPEEDS)
    v = 0.5 * SPEEDS[:, 0]
    np.testing.assert_allclose(values[0], 1 / np.sqrt(1 - v**2) + SPEEDS[:, 1], rtol=1e-14)
    np.testing.assert_allclose(jacobian[0, 0], v * SPEEDS[:, 0] * (1 - v**2) ** -1.5, rtol=1e-12)


def test_its_constants_are_refined():
    y = 3 * (1 - (0.8 * SPEEDS[:, 0]) ** 2) ** -0.5
    refined = refine([parse("C0*lorentz(C1*v)", ["v"], free_names=True)], task(SPEEDS, y))
    assert refined.loss[0] < 1e-16
    np.testing.assert_allclose(np.abs(refined.constants[0]), [3, 0.8], rtol=1e-6)


def test_it_is_exported(tmp_path):
    expression = parse("x_1*lorentz(x_0)/2")
    expected = SPEEDS[:, 1] * FACTORS[:, 0] / 2
    with torch.no_grad():
        np.testing.assert_allclose(ExpressionModule(expression)(torch.tensor(SPEEDS)), expected, rtol=1e-14)
    form = to_sympy(expression)
    a, b = sympy.symbols("x_0 x_1", real=True)
    assert sympy.simplify(form - b / (2 * sympy.sqrt(1 - a**2))) == 0
    np.testing.assert_allclose(Program([from_sympy(form)]).values(SPEEDS)[0], expected, rtol=1e-12)
    assert r"\sqrt{1 - x_{0}^{2}}" in to_latex(expression)
    (tmp_path / "f.c").write_text(to_c(expression))
    command = ["cc", "-shared", "-fPIC", "-o", tmp_path / "f.so", tmp_path / "f.c", "-lm"]
    subprocess.run(command, check=True)
    function = ctypes.CDLL(str(tmp_path / "f.so")).f
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 2
    np.testing.assert_allclose([function(*row) for row in SPEEDS.tolist()], expected, rtol=1e-14)


def test_its_argument_has_no_unit():
    units = Units.parse(("m/s", "m/s", "kg"), "kg")
    assert units.allow(parse("x_2*lorentz(x_0/x_1)"))
    assert not units.allow(parse("x_2*lorentz(x_0)"))


def test_evolution_mutates_with_it_and_looks_below_it():
    own = task(SPEEDS, FACTORS[:, 0])
    population = Population(own, EvolutionSettings(n_children=500, n_generations=3))
    population.add(scored([parse("x_0 + 2")], own))
    population.evolve(Clock())
    assert any("lorentz" in member.tokens for member in population.members)
    wanted = next(g.wanted for g in gaps(parse("lorentz(1.01*x_0)"), SPEEDS, FACTORS[:, 0]) if g.start == 1)
    np.testing.assert_allclose(wanted, SPEEDS[:, 0], rtol=1e-9)


def test_a_network_that_knows_it_says_so(tmp_path, lorentz, registered):
    from nsr.expressions.operators import N_BUILTIN, OPERATORS

    tokenizer = Tokenizer(2)
    assert tokenizer.operators[-1] == "lorentz"
    config = ModelConfig(tokenizer.vocab_size, 2, d_model=16, n_heads=2, d_ffn=16, n_latents=4)
    save_pretrained(tmp_path / "network", Model(config), tokenizer)
    assert from_pretrained(tmp_path / "network").tokenizer.vocabulary == tokenizer.vocabulary
    # In another order, and beside others, the table serves as well.
    builtin = dict(list(OPERATORS.snapshot.items())[:N_BUILTIN])
    OPERATORS._publish(builtin)
    with pytest.raises(CheckpointError, match="not registered: lorentz; register"):
        from_pretrained(tmp_path / "network")
    registered(Operator("another", 1, abs, abs))
    registered(lorentz)
    assert from_pretrained(tmp_path / "network").tokenizer.vocabulary == tokenizer.vocabulary
    OPERATORS._publish(builtin)
    registered(Operator("lorentz", 2, abs, abs))
    with pytest.raises(CheckpointError, match="lorentz with another number of arguments"):
        from_pretrained(tmp_path / "network")


def test_families_have_it_among_their_terms():
    found = _found_by_families(2 * FACTORS[:, 0] - 3 * SPEEDS[:, 1] + 1)
    assert any("lorentz" in form.tokens for form in found)


def test_families_look_for_sums_under_it(registered):
    root = Operator(
        "cbrt",
        1,
        lambda v: torch.sign(v) * torch.abs(v) ** (1 / 3),
        sympy.cbrt,
        numpy=np.cbrt,
        derivatives=(lambda v: np.cbrt(v) ** -2 / 3,),
        exponents=(1 / 3,),
        parity="odd",
        inverse="cube",
        linearizes=0.4,
    )
    y = (2 * SPEEDS[:, 0] - np.sin(SPEEDS[:, 1]) + 0.5) ** 3
    assert not _found_by_families(y)
    registered(root)
    assert {form.tokens[0] for form in _found_by_families(y)} == {"cube"}


def _found_by_families(y):
    """Equations that families find for the speeds, as they are before they are refined."""
    forms = [form for forms in relations(State.root(task(SPEEDS, y))) for form in forms]
    off = Program(forms).values(SPEEDS) - y
    return [form for form, one in zip(forms, off, strict=True) if np.max(np.abs(one)) < 1e-6]


def test_what_linearizes_has_an_inverse():
    with pytest.raises(ValueError, match="linearizes: give its inverse"):
        Operator("half", 1, abs, abs, linearizes=1.0)
