"""Users' own operators: computed, differentiated and written as what they are put together from."""

import ctypes
import math
import subprocess

import numpy as np
import pytest
import scipy.special
import sympy
from tasks import task

import nsr
from nsr import SymbolicRegressor
from nsr.evaluate.program import Program
from nsr.export.c import to_c
from nsr.expressions.bodies import without_bodies
from nsr.expressions.definitions import define
from nsr.expressions.parsing import ParseError, parse
from nsr.expressions.sympy_form import to_sympy
from nsr.refinement.refine import refine

X = np.random.default_rng(0).uniform(0.1, 0.9, (60, 2))
A, B = X.T

pytestmark = pytest.mark.usefixtures("registered")  # forgets what a test defines

OWN = {
    "lorentz": (lambda v: 1 / np.sqrt(1 - v**2), "lorentz(0.9*x_0)", 1 / np.sqrt(1 - (0.9 * A) ** 2)),
    "hill": (lambda x, k: x / (x + k), "2*hill(1.3*x_0, 0.4)", 2.6 * A / (1.3 * A + 0.4)),
    "kink": (lambda x: np.where(x > 0.5, x, 2 * np.maximum(x, 0.3)), "kink(x_1)", None),
    "log_ten": (lambda x: np.log10(x) + np.cbrt(x), "log_ten(x_1)", np.log10(B) + np.cbrt(B)),
    "factorial": (lambda n: scipy.special.gamma(n + 1), "factorial(2*x_0)", scipy.special.factorial(2 * A)),
}


@pytest.mark.parametrize("backend", ["compiled", "torch"])
@pytest.mark.parametrize("name", OWN)
def test_functions_of_known_operators_are_compiled(name, backend):
    function, text, expected = OWN[name]
    nsr.operator(name, function)
    program = Program([parse(text)], backend=backend)
    values, jacobian = program.jacobian(X)
    if expected is not None:
        np.testing.assert_allclose(values[0], expected, rtol=1e-13)
    for k in range(int(program.n_constants[0])):
        moved = [program.constants.copy(), program.constants.copy()]
        moved[0][0, k] += 1e-6
        moved[1][0, k] -= 1e-6
        high, low = (program.values(X, constants)[0] for constants in moved)
        np.testing.assert_allclose(jacobian[0, k], (high - low) / 2e-6, rtol=1e-6, atol=1e-7)


def test_constants_of_an_argument_that_occurs_twice_are_one():
    define("hill(x, k) = x/(x + k)")
    expression = parse("3*hill(x_0, 0.5*x_1) + 1.5*x_1")
    assert Program([expression]).n_constants.tolist() == [3]
    refined = refine([parse("C*hill(x_0, C*x_1)", free_names=True)], task(X, 3 * A / (A + 0.7 * B)))
    np.testing.assert_allclose(refined.constants[0], [3, 0.7], rtol=1e-6)


def test_definitions_are_made_of_definitions():
    define("twice(x) = 2*x")
    own = define("four(x) = twice(twice(x)) + sin(x)")
    assert "twice" not in own.body
    np.testing.assert_allclose(Program([parse("four(x_0)")]).values(X)[0], 4 * A + np.sin(A))
    assert without_bodies(parse("four(x_1) + 1")) == parse("2*(2*x_1) + sin(x_1) + 1")


def test_derivatives_follow_from_the_chain_rule():
    own = define("f(x, n) = x**n/(1 + x)")
    x, n = sympy.symbols("x n", positive=True)
    form = x**n / (1 + x)
    for derivative, symbol in zip(own.derivatives, (x, n), strict=True):
        expected = sympy.lambdify((x, n), form.diff(symbol))(A, B)
        np.testing.assert_allclose(derivative(A, B), expected, rtol=1e-12)


def test_what_cannot_be_written_down_is_called():
    nsr.operator("zeta", lambda s: scipy.special.zeta(s + 2, 1.0))
    nsr.operator("wave", math.sin, derivative=np.cos, sympy=sympy.sin)
    values, jacobian = Program([parse("wave(1.2*x_0) + zeta(0.7*x_1)")]).jacobian(X)
    np.testing.assert_allclose(values[0], np.sin(1.2 * A) + scipy.special.zeta(0.7 * B + 2, 1.0))
    np.testing.assert_allclose(jacobian[0, 0], A * np.cos(1.2 * A), rtol=1e-12)
    slope = (scipy.special.zeta(0.7 * B + 2.00001, 1) - scipy.special.zeta(0.7 * B + 1.99999, 1)) / 2e-5
    np.testing.assert_allclose(jacobian[0, 1], B * slope, rtol=1e-6)
    assert to_sympy(parse("wave(x_0)")) == sympy.sin(sympy.Symbol("x_0", real=True))
    assert str(to_sympy(parse("zeta(x_0)"))) == "zeta(x_0)"


def test_they_are_exported(tmp_path):
    define("lorentz(v) = 1/sqrt(1 - v**2)")
    expression = parse("2*lorentz(x_0/2) + x_1")
    a, b = sympy.symbols("x_0 x_1", real=True)
    assert sympy.simplify(to_sympy(expression) - 2 / sympy.sqrt(1 - a**2 / 4) - b) == 0
    (tmp_path / "f.c").write_text(to_c(expression))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "f.so", tmp_path / "f.c", "-lm"], check=True)
    function = ctypes.CDLL(str(tmp_path / "f.so")).f
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 2
    expected = 2 / np.sqrt(1 - (A / 2) ** 2) + B
    np.testing.assert_allclose([function(*row) for row in X.tolist()], expected, rtol=1e-14)


def test_a_search_finds_laws_with_them():
    define("hill(x, k) = x/(x + k)")
    model = SymbolicRegressor(operators=["hill", "*"], stages=("families", "evolution"), time_limit=60).fit(
        X, A * A / (A * A + B)
    )
    assert model.equations()[model.best_index_] == "hill(x_0**2, x_1)"


@pytest.mark.parametrize(
    "text", ["f(x)", "f x = 2", "f(x, x) = x", "f(x) = y", "f(a, b, c, d) = a", "f(x) = 2*", "sin(x) = x"]
)
def test_definitions_that_cannot_be_are_told(text):
    with pytest.raises(ValueError, match=r"definition|exists already"):
        define(text)


def test_an_unknown_function_names_the_remedy():
    with pytest.raises(ParseError, match=r"define it with nsr\.operator"):
        parse("zzzzz(x_0)")


def test_functions_that_cannot_be_called_are_told():
    with pytest.raises(ValueError, match="takes 4 arguments"):
        nsr.operator("four", lambda a, b, c, d: a)
    with pytest.raises(ValueError, match="raises ZeroDivisionError"):
        nsr.operator("wrong", lambda a: 1 // 0)
