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
names = {2: ("add", "sub", "mul", "div"), 1: ("square", "cube", "sqrt", "inv", "exp", "log", "sin", "abs")}

def draw(depth):
    kind = rng.random()
    if depth == 0 or kind < 0.15:
        return variable(int(rng.integers(3))) if kind < 0.1 or rng.random() < 0.5 else constant(float(rng.normal()))
    arity = 2 if kind < 0.75 else 1
    name = names[arity][int(rng.integers(len(names[arity])))]
    return apply(name, *(draw(depth - 1) for _ in range(arity)))

for number in range(600):
    drawn = draw(5)
    forms = [simplify(drawn), tidied(drawn), with_completed_squares(drawn), without_redundant_constants(drawn)]
    if number % 60 == 0 and len(drawn) < 20:
        forms += rewritten(drawn)
    print([form.tokens for form in forms])
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_rewriting_does_not_depend_on_the_order_of_hashes(seed):
    def forms(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert forms("0") == forms(seed)
