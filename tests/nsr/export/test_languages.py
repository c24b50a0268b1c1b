"""Expressions in other languages compute what the evaluator computes."""

import ctypes
import json
import shutil
import subprocess

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special
from strategies import expressions

from nsr.evaluate.program import Program
from nsr.export.c import to_c
from nsr.export.excel import cell, to_excel
from nsr.export.jax import to_jax
from nsr.export.julia import to_julia
from nsr.export.matlab import to_matlab
from nsr.export.numpy import to_numpy
from nsr.export.python import to_python
from nsr.expressions.expression import Expression
from nsr.expressions.operators import OPERATORS, Operator
from nsr.expressions.parsing import parse

POINTS = np.random.default_rng(2).uniform(0.5, 2, (8, 3))
NAMES = ["a", "b", "c"]
TEXTS = [to_c, to_python, to_numpy, to_jax, to_matlab, to_julia]
# Where signs, ratios, powers and calls meet.
TRICKY = [
    "-a**2", "(-a)**2", "a - -b", "-(a + b)*c", "a/(b/c)", "a/b/c", "(a/b)*c", "1/(a*b)", "2**-a", "-2**a",
    "a**b**c", "(a**b)**c", "a**-2", "-a**3*b", "-(a + b)**2", "abs(a - b)**1.5", "1/a**2", "-(-a)",
    "3e-7*a - 2e20/b",
    "sqrt(a)/-b", "a*(b - c)**2", "exp(-a**2/2)", "4.5", "-4.5", "log(a) - (b - (c - 1))",
]  # fmt: skip


def assert_same(values, expected):
    usable = np.isfinite(expected) & (np.abs(expected) < 1e6)
    np.testing.assert_allclose(np.asarray(values)[usable], expected[usable], rtol=1e-6, atol=1e-9)


def values_of(expression):
    return Program([expression]).values(POINTS)[0]


CALLS_OF = {
    1: ["{0}(a/2.5)", "2*{0}((b - a)/2.5 - 0.1)**3"],
    2: ["{0}(a, b)", "-{0}(a - b, 1 - c)*{0}(-a, b)"],
    3: ["{0}(a - 1, b, c)", "{0}(greater(a, b), -a, {0}(less(a, 1), b, c))/a"],
}


def cases(language):
    """Traps, and two expressions for each operator that a language says, inside its domain at most points."""
    own = [one for one in OPERATORS.values() if language in one.code or (one.exponents and not one.symbol)]
    texts = [call.format(one.name) for one in own for call in CALLS_OF[one.arity]]
    return [parse(text, NAMES) for text in [*TRICKY, *texts]]


def compiled(functions, folder):
    """Functions of C in a library."""
    (folder / "f.c").write_text("".join(functions))
    command = ["cc", "-Wall", "-Werror", "-O0", "-shared", "-fPIC", "-o", "f.so", "f.c", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "f.so"))


def in_c(batch, folder):
    library = compiled([to_c(one, NAMES, f"f{i}") for i, one in enumerate(batch)], folder)
    for i in range(len(batch)):
        function = library[f"f{i}"]
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 3
        yield np.array([function(*row) for row in POINTS.tolist()])


@settings(max_examples=5)
@given(batch=st.lists(expressions(), min_size=20, max_size=20))
def test_c_functions_compute_the_same(tmp_path_factory, batch):
    for one, values in zip(batch, in_c(batch, tmp_path_factory.mktemp("c")), strict=True):
        assert_same(values, values_of(one))


def test_every_operator_and_every_trap_in_c(tmp_path):
    for one, values in zip(cases("c"), in_c(cases("c"), tmp_path), strict=True):
        assert_same(values, values_of(one))


def executed(text):
    """The function that a text defines, which our own exports have written."""
    scope = {}
    exec(text, scope)
    return scope["f"]


def in_python(expression):
    function = executed(to_python(expression, NAMES))
    values = []
    for row in POINTS.tolist():
        try:
            values.append(function(*row))
        except (ValueError, OverflowError, ZeroDivisionError):
            values.append(np.nan)
    return np.array(values)


@given(expressions())
def test_python_functions_compute_the_same_and_raise_elsewhere(expression):
    bessel = {"bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"}
    assume(not bessel & set(expression.tokens))  # which its library has not
    values, expected = in_python(expression), values_of(expression)
    assert_same(values, expected)
    assert not np.any(np.iscomplex(values))


@given(expressions())
def test_numpy_functions_compute_the_same(expression):
    with np.errstate(all="ignore"):
        values = executed(to_numpy(expression, NAMES))(*POINTS.T)
    assert_same(np.broadcast_to(values, 8), values_of(expression))


@pytest.mark.parametrize("expression", cases("python"), ids=str)
def test_every_operator_and_every_trap_in_python(expression):
    assert_same(in_python(expression), values_of(expression))


@pytest.mark.parametrize("expression", cases("numpy"), ids=str)
def test_every_operator_and_every_trap_in_numpy(expression):
    with np.errstate(all="ignore"):
        values = executed(to_numpy(expression, NAMES))(*POINTS.T)
    assert_same(np.broadcast_to(values, 8), values_of(expression))


def test_jax_has_numpys_names():
    text = to_jax(parse("sin(a)*b + abs(b)**c", ["a", "b", "c"]), ["a", "jnp", "c"])
    head = "import jax.numpy as jnp\n\n\ndef f(a, jnp_, c):\n"
    assert text == f"{head}    return jnp.sin(a)*jnp_ + jnp.abs(jnp_)**c\n"
    for expression in cases("jax"):
        text = to_jax(expression, NAMES).replace("jax.numpy", "numpy").replace("jax.scipy", "scipy")
        with np.errstate(all="ignore"):
            values = executed(text)(*POINTS.T)
        assert_same(np.broadcast_to(values, 8), values_of(expression))


def test_jax_functions_compute_the_same_and_have_gradients():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    for expression in cases("jax"):
        assert_same(np.broadcast_to(executed(to_jax(expression, NAMES))(*POINTS.T), 8), values_of(expression))
    slope = jax.jit(jax.grad(executed(to_jax(parse("sin(x_0)*exp(x_1)")))))(0.3, 0.7)
    assert float(slope) == pytest.approx(np.cos(0.3) * np.exp(0.7))


def in_excel(expression, row):
    """By an evaluator of formulas of its own."""
    formulas = pytest.importorskip("formulas")
    function = formulas.Parser().ast(to_excel(expression))[1].compile()
    inputs = [row[ord(name[0]) - ord("A")] for name in function.inputs]
    value = np.asarray(function(*inputs), dtype=object).ravel()[0]
    return np.nan if isinstance(value, str) else float(value)  # such as #NUM!


@pytest.mark.parametrize("expression", cases("excel"), ids=str)
def test_every_operator_and_every_trap_in_excel(expression):
    assert_same([in_excel(expression, row) for row in POINTS[:2]], values_of(expression)[:2])


def test_cells_follow_the_columns():
    assert [cell(i) for i in (0, 1, 25, 26, 51, 52, 701, 702)] == [
        "A2", "B2", "Z2", "AA2", "AZ2", "BA2", "ZZ2", "AAA2",
    ]  # fmt: skip
    assert to_excel(parse("2*x_0*x_1"), ["mass", "Sheet2!C5"]) == "=2*mass*Sheet2!C5"
    with pytest.raises(ValueError, match="at most 8192 characters"):
        to_excel(parse(" + ".join(["sin(x_0)*0.123456789"] * 400)))


def run(command, text):
    done = subprocess.run([*command, text], capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout))


@pytest.mark.skipif(not shutil.which("octave-cli"), reason="Octave is not installed")
def test_every_operator_and_every_trap_in_octave():
    columns = ", ".join(f"{column.tolist()}" for column in POINTS.T)
    for expression in cases("matlab"):
        text = f"{to_matlab(expression, NAMES)}disp(jsonencode(f({columns}) + zeros(1, 8)))"
        assert_same(run(["octave-cli", "--eval"], text), values_of(expression))


@pytest.mark.skipif(not shutil.which("julia"), reason="Julia is not installed")
def test_every_operator_and_every_trap_in_julia():
    columns = ", ".join(f"{column.tolist()}" for column in POINTS.T)
    text = "".join(
        f"{to_julia(one, NAMES, f'f{i}')}println(f{i}.({columns}))\n" for i, one in enumerate(cases("julia"))
    )
    done = subprocess.run(["julia", "-e", text], capture_output=True, text=True, check=True)
    for line, expression in zip(done.stdout.splitlines(), cases("julia"), strict=True):
        assert_same(json.loads(line), values_of(expression))


def tree(language, text):
    """The syntax tree of a grammar that others have written."""
    module = pytest.importorskip(f"tree_sitter_{language}")
    sitter = pytest.importorskip("tree_sitter")
    found = sitter.Parser(sitter.Language(module.language())).parse(text.encode()).root_node
    assert not found.has_error, text
    return found


def is_sign(node):
    """Whether a minus stands before the node's only other part, which may look like arguments of a call."""
    return node.text.startswith(b"-") and (
        node.type in ("unary_operator", "unary_expression")
        or (node.type == "call_expression" and node.children[0].type == "operator")
    )


def worked_out(node, scope):
    """The value of a syntax tree of an expression."""
    text = node.text.decode()
    parts = [one for one in node.named_children if one.type not in ("operator", "comment")]
    if node.type in ("number", "float_literal", "integer_literal"):
        return float(text)
    if node.type == "identifier":
        return scope[text]
    if node.type in ("parenthesis", "parenthesized_expression"):
        return worked_out(parts[0], scope)
    if is_sign(node):
        operand = node.named_children[-1]
        return -worked_out(operand.named_children[0] if operand.type == "argument_list" else operand, scope)
    if node.type in ("function_call", "call_expression"):
        arguments = parts[1].named_children
        name = parts[0].text.decode().removeprefix("SpecialFunctions.")
        return CALLS[name](*(worked_out(one, scope) for one in arguments))
    if node.type == "ternary_expression":
        condition, first, second = (worked_out(one, scope) for one in parts)
        return np.where(condition, first, second)
    if node.type == "index_expression":
        assert text.endswith(")[1]")
        return worked_out(parts[0], scope)
    assert node.type in ("binary_operator", "binary_expression", "comparison_operator"), node.type
    left, right = (worked_out(one, scope) for one in (parts[0], parts[-1]))
    (symbol,) = (one.text.decode().removeprefix(".") for one in node.children[1:-1])
    if symbol == "^" and is_sign(parts[0]):  # both manuals have powers before signs; the grammars have not
        return -np.power(-left, right)
    return BINARY[symbol](left, right)


def to_float(truth):
    return np.asarray(truth, dtype=np.float64)


BINARY = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power, "<": np.less,
    ">": np.greater, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
CALLS = {
    "abs": np.abs, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "min": np.minimum, "max": np.maximum, "mod": np.mod, "double": to_float,
    "Float64": to_float, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "round": np.rint,
    "gamma": special.gamma, "gammaln": special.gammaln, "logabsgamma": special.gammaln, "erf": special.erf,
    "besselj": special.jv, "besselj0": special.j0, "besselj1": special.j1,
    "bessely": special.yv, "bessely0": special.y0, "bessely1": special.y1,
}  # fmt: skip


WRITERS = {"matlab": to_matlab, "julia": to_julia}
SCOPE = dict(zip(NAMES, POINTS.T, strict=True))


def as_read(language, expression):
    """What a text says by a grammar of others, whose tree tells in which order things are done."""
    statement = tree(language, WRITERS[language](expression, NAMES)).named_children[-1]
    body = statement.named_children[-1]
    if language == "matlab":
        assert body.type == "lambda"
        body = body.named_children[-1]
    with np.errstate(all="ignore"):
        return worked_out(body, SCOPE) * np.ones(8)


@pytest.mark.parametrize("language", WRITERS)
def test_matlab_and_julia_read_what_is_meant(language):
    for expression in cases(language):
        assert_same(as_read(language, expression), values_of(expression))


@settings(max_examples=50)
@given(expressions(), st.sampled_from(sorted(WRITERS)))
def test_matlab_and_julia_read_what_is_meant_by_any_expression(expression, language):
    assume(language != "matlab" or "where" not in expression.tokens)  # which it has no word for
    assert_same(as_read(language, expression), values_of(expression))


@settings(max_examples=50)
@given(expressions())
def test_formulas_of_any_expression_compute_the_same(expression):
    assume(len(expression) < 20)  # the evaluator takes long for longer ones
    assert_same([in_excel(expression, row) for row in POINTS[:2]], values_of(expression)[:2])


@pytest.mark.parametrize("write", [*TEXTS, to_excel])
def test_what_has_no_value_yet_is_refused(write):
    with pytest.raises(ValueError, match="no value yet"):
        write(Expression(("mul", "C", "x_0")))


@pytest.mark.parametrize("write", [*TEXTS, to_excel])
def test_operators_from_outside_are_spelled_out_and_others_refused(write, registered):
    registered(Operator("lorentz", 1, lambda v: v, lambda v: 1 / sympy.sqrt(1 - v**2)))
    registered(Operator("mystery", 1, lambda v: v, sympy.Function("mystery")))
    registered(Operator("known", 1, lambda v: v, sympy.Function("known"), code={"c": "known({0})"}))
    assert write(parse("lorentz(x_0)")) == write(parse("(1 - x_0**2)**(-0.5)"))
    assert "lorentz" not in write(parse("2*lorentz(lorentz(x_0))"))
    with pytest.raises(ValueError, match=r"'mystery' has no .* form; register it with one"):
        write(parse("mystery(x_0)"))
    if write is to_c:
        assert "known(x_0)" in write(parse("known(x_0)"))


def test_an_operator_that_is_spelled_out_has_its_values(registered):
    registered(Operator("lorentz", 1, lambda v: 1 / (1 - v * v) ** 0.5, lambda v: 1 / sympy.sqrt(1 - v**2)))
    function = executed(to_numpy(parse("x_0*lorentz(x_1)")))
    np.testing.assert_allclose(function(2.0, 0.6), 2.5)


@pytest.mark.parametrize(
    ("write", "names", "written"),
    [
        (to_c, ["double", "fabs"], ["double double_", "double fabs_"]),
        (to_python, ["math", "abs"], ["math_", "abs_"]),
        (to_numpy, ["np", "np_"], ["(np_, np__)"]),
        (to_julia, ["end", "Δ"], ["(end_, Δ)"]),
        (to_matlab, ["end", "Δ"], ["@(end_, delta)"]),
        (to_matlab, ["_a", "größe"], ["@(x_a, gr__e)"]),
        (to_matlab, ["ä", "ö"], ["@(x_, x__)"]),
    ],
)
def test_names_that_mean_something_else_are_changed(write, names, written):
    text = write(parse("sin(x_0) + abs(x_1)"), names)
    assert all(part in text for part in written)
