"""Sets of terms have another order in each process; what is made of them must not."""

import os
import subprocess
import sys

import pytest

# Sums and products of which several numbers have to be put together.
SCRIPT = """
import numpy as np
from nsr.expressions.expression import apply, constant, variable
from nsr.expressions.rewriting import rewritten, tidied, without_redundant_constants
from nsr.expressions.simplify import simplify
from nsr.expressions.squares import with_completed_squares

rng = np.random.default_rng(5)

def number():
    return constant(float(rng.normal()))

def chosen(*names):
    return names[int(rng.integers(len(names)))]

def total(n_variables):
    term = lambda: apply("mul", number(), variable(int(rng.integers(n_variables))))
    part = apply("add", term(), term() if rng.random() < 0.5 else number())
    name = chosen("square", "cube", "sqrt", "inv", "exp", "log", "sin")
    return apply(name, part) if rng.random() < 0.6 else part

for _ in range(20):  # terms that differ in a coefficient within alone
    terms = [apply("sin", apply("mul", number(), variable(0))) for _ in range(4)]
    print(simplify(apply("add", apply("add", *terms[:2]), apply("mul", *terms[2:]))).tokens)

for place in range(150):
    drawn = number()
    for _ in range(6):
        drawn = apply(chosen("add", "mul", "mul", "div"), drawn, total(2))
    if rng.random() < 0.5:
        drawn = apply(chosen("square", "inv", "cube"), drawn)
    forms = [simplify(drawn), tidied(drawn), with_completed_squares(drawn)]
    forms += [without_redundant_constants(drawn, by_level) for by_level in (False, True)]
    forms += rewritten(drawn) if place % 30 == 0 else []
    print([form.tokens for form in forms])
"""


@pytest.mark.integration
def test_rewriting_does_not_depend_on_the_order_of_hashes(capsys):
    """That of this process, which is random, and another."""
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    other = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    ).stdout
    exec(SCRIPT, {})
    assert capsys.readouterr().out == other
