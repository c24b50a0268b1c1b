"""Proofs that two expressions differ by a constant or by a factor, where SymPy's `simplify` sees none.

Both become one rational function, in which a symbol stands for whatever is independent of the rest: the
tangent of half an angle, from which sines and cosines follow, an exponential, a root, another function. A
rational function that cancels to a constant is one whatever its symbols stand for, so what is found here is
proven; what is not found may be true all the same. Roots leave signs open: a ratio whose square is constant
is constant up to a sign, on each part of the domain, and the caller has to look at values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from itertools import chain
from math import comb, lcm

import sympy

# Angles that are larger multiples of a common one count as independent: their polynomials would be huge.
_LARGEST_MULTIPLE = 24


def differ_by_factor(first: sympy.Expr, second: sympy.Expr) -> bool:
    """Whether the ratio is proven to be constant, up to its sign.

    Args:
        first: An expression without floating-point numbers.
        second: Another.
    """
    functions, forms = _lowest_terms(first, second)
    ratio = functions.without_roots(forms[0] / forms[1])
    return functions.is_constant(ratio) and ratio != 0


def differ_by_constant(first: sympy.Expr, second: sympy.Expr) -> bool:
    """Whether the difference is proven to be constant, up to the signs of its derivatives.

    Args:
        first: An expression without floating-point numbers.
        second: Another.
    """
    first, second = _rewritten(first), _rewritten(second)
    functions = _RationalFunctions((first, second))
    difference = functions.cancelled(functions.form(first) - functions.form(second))
    if functions.is_constant(difference):
        return True
    variables = first.free_symbols | second.free_symbols
    return all(_are_equal(first.diff(variable), second.diff(variable)) for variable in variables)


def _are_equal(first: sympy.Expr, second: sympy.Expr) -> bool:
    """Whether two derivatives are proven to be equal, up to sign."""
    functions, forms = _lowest_terms(first, second)
    if 0 in forms:
        return bool(forms[0] == forms[1])
    return bool(functions.without_roots(forms[0] / forms[1]) == 1)


def _lowest_terms(first: sympy.Expr, second: sympy.Expr) -> tuple[_RationalFunctions, list[sympy.Expr]]:
    """Both as rational functions of common symbols."""
    expressions = _rewritten(first), _rewritten(second)
    functions = _RationalFunctions(expressions)
    return functions, [functions.cancelled(functions.form(expression)) for expression in expressions]


class _RationalFunctions:
    """Writes expressions as rational functions over symbols of their own.

    Args:
        expressions: All that will be written, so that their angles and roots have common units.
    """

    def __init__(self, expressions: Sequence[sympy.Expr]) -> None:
        self._coefficients: dict[sympy.Expr, set[sympy.Rational]] = defaultdict(set)
        self._indices: dict[sympy.Expr, int] = defaultdict(lambda: 1)
        self._symbols: dict[sympy.Expr, sympy.Dummy] = {}
        self._constants: set[sympy.Dummy] = set()
        # A root's symbol, its index and its radicand's form; the inner of two nested roots comes first.
        self._roots: dict[sympy.Dummy, tuple[int, sympy.Expr]] = {}
        for node in chain.from_iterable(map(sympy.preorder_traversal, expressions)):
            if isinstance(node, (sympy.sin, sympy.cos, sympy.exp)):
                for coefficient, monomial in _terms(node.args[0]):
                    self._coefficients[monomial].add(abs(coefficient))
            elif node.is_Pow and node.exp.is_Rational:
                self._indices[node.base] = lcm(self._indices[node.base], node.exp.q)

    def form(self, expression: sympy.Expr) -> sympy.Expr:
        """The rational function that an expression is."""
        if expression.is_Rational:
            return expression
        if expression.is_Add or expression.is_Mul:
            return expression.func(*map(self.form, expression.args))
        if expression.is_Pow and expression.exp.is_Rational:
            return self._power(expression.base, expression.exp)
        if isinstance(expression, (sympy.sin, sympy.cos)):
            cosine, sine = self._cosine_and_sine(expression.args[0])
            return cosine if isinstance(expression, sympy.cos) else sine
        if isinstance(expression, sympy.exp):
            parts = [self._multiple(*term) for term in _terms(expression.args[0])]
            return sympy.Mul(*(self._symbol(sympy.exp(unit, evaluate=False)) ** n for n, unit in parts))
        if isinstance(expression, sympy.Abs):
            return self._root(expression, 2, expression.args[0] ** 2)
        if expression.is_Symbol and expression.is_positive:
            return self._power(expression, sympy.Integer(1))
        return self._symbol(expression)

    def cancelled(self, form: sympy.Expr) -> sympy.Expr:
        """The same function in lowest terms, with powers of roots below their index."""
        for root, (index, radicand) in reversed(self._roots.items()):
            if form.has(root):
                parts = sympy.fraction(sympy.cancel(form))
                top, bottom = (_with_low_powers(part, root, index, radicand) for part in parts)
                form = top / bottom
        return sympy.cancel(form)

    def without_roots(self, form: sympy.Expr) -> sympy.Expr:
        """The power of a form in which the roots that are its factors are gone."""
        index = lcm(*(index for root, (index, _) in self._roots.items() if form.has(root)))
        return self.cancelled(form**index)

    def is_constant(self, form: sympy.Expr) -> bool:
        """Whether a form is finite and none of its symbols depends on a variable."""
        is_finite = not form.has(sympy.nan, sympy.zoo, sympy.oo)
        return is_finite and bool(form.free_symbols <= self._constants)

    def _power(self, base: sympy.Expr, exponent: sympy.Rational) -> sympy.Expr:
        index = self._indices[base]
        if base.is_Symbol and base.is_positive:
            return self._symbol(base ** sympy.Rational(1, index)) ** (exponent * index)
        if exponent.is_Integer:
            return self.form(base) ** exponent
        return self._root(base ** sympy.Rational(1, index), index, base) ** (exponent * index)

    def _root(self, expression: sympy.Expr, index: int, radicand: sympy.Expr) -> sympy.Dummy:
        if expression not in self._symbols:
            form = self.form(radicand)
            self._roots[self._symbol(expression)] = (index, form)
        return self._symbol(expression)

    def _cosine_and_sine(self, angle: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
        """By the addition theorems, over the tangents of half the unit angles."""
        cosine, sine = sympy.Integer(1), sympy.Integer(0)
        for term in _terms(angle):
            n, unit = self._multiple(*term)
            c, s = _of_half_tangent(self._symbol(sympy.tan(unit / 2, evaluate=False)), n)
            cosine, sine = cosine * c - sine * s, sine * c + cosine * s
        return cosine, sine

    def _multiple(self, coefficient: sympy.Rational, monomial: sympy.Expr) -> tuple[int, sympy.Expr]:
        """A term as a whole multiple of a unit that all terms of its kind share."""
        coefficients = self._coefficients[monomial]
        unit = reduce(sympy.gcd, coefficients)
        if max(coefficients) > _LARGEST_MULTIPLE * unit:
            unit = abs(coefficient)
        return int(coefficient / unit), unit * monomial

    def _symbol(self, meaning: sympy.Expr) -> sympy.Dummy:
        if meaning not in self._symbols:
            self._symbols[meaning] = sympy.Dummy()
            if not meaning.free_symbols:
                self._constants.add(self._symbols[meaning])
        return self._symbols[meaning]


def _rewritten(expression: sympy.Expr) -> sympy.Expr:
    """The expression over sines, cosines, exponentials, logarithms and roots of arguments in lowest terms."""
    for function in (sympy.sinh, sympy.cosh, sympy.tanh):
        expression = expression.replace(function, lambda argument, f=function: f(argument).rewrite(sympy.exp))
    expression = expression.replace(sympy.tan, lambda angle: sympy.sin(angle) / sympy.cos(angle))
    expression = expression.replace(sympy.acos, lambda argument: sympy.pi / 2 - sympy.asin(argument))
    return expression.replace(lambda node: node.is_Function or node.is_Pow, _with_canonical_arguments)


def _with_canonical_arguments(node: sympy.Expr) -> sympy.Expr:
    if isinstance(node, sympy.log):
        return sympy.expand_log(sympy.log(sympy.factor(node.args[0])))
    if node.is_Function:
        return node.func(*map(_sum_of_terms, node.args))
    if node.exp.is_Integer:
        return node
    if node.exp.is_Rational:
        numerator, denominator = sympy.fraction(sympy.factor(node.base))
        if numerator.is_positive:  # so is the denominator where the root is real
            return sympy.expand_power_base(numerator**node.exp) / sympy.expand_power_base(
                denominator**node.exp
            )
        return sympy.expand_power_base((numerator / denominator) ** node.exp)
    return sympy.exp(_sum_of_terms(node.exp * sympy.log(node.base)))


def _sum_of_terms(argument: sympy.Expr) -> sympy.Expr:
    """The argument in lowest terms, as a sum over one denominator that has no common factor."""
    numerator, denominator = sympy.fraction(sympy.cancel(argument))
    content, denominator = denominator.as_content_primitive()
    return sympy.Add(*(term / denominator for term in sympy.Add.make_args(sympy.expand(numerator / content))))


def _terms(argument: sympy.Expr) -> list[tuple[sympy.Rational, sympy.Expr]]:
    """Rational coefficients and what they multiply."""
    return [term.as_coeff_Mul(rational=True) for term in sympy.Add.make_args(argument)]


def _of_half_tangent(tangent: sympy.Expr, n: int) -> tuple[sympy.Expr, sympy.Expr]:
    """Cosine and sine of n times the angle: real and imaginary part of (1 + it)^2n / (1 + t^2)^n."""
    m = abs(n)
    powers = [comb(2 * m, k) * tangent**k for k in range(2 * m + 1)]
    real = sympy.Add(*((-1) ** (k // 2) * powers[k] for k in range(0, 2 * m + 1, 2)))
    imaginary = sympy.Add(*((-1) ** (k // 2) * powers[k] for k in range(1, 2 * m + 1, 2)))
    scale = (1 + tangent**2) ** m
    return real / scale, (imaginary if n > 0 else -imaginary) / scale


def _with_low_powers(
    polynomial: sympy.Expr, root: sympy.Dummy, index: int, radicand: sympy.Expr
) -> sympy.Expr:
    """A polynomial in a root, with the radicand in place of the root's index-th power."""
    terms = sympy.Poly(polynomial, root).terms()
    return sympy.Add(*(factor * radicand ** (k // index) * root ** (k % index) for (k,), factor in terms))
