"""The table of curves: what textbooks of chemistry, biology, physics, pharmacology and engineering have.

Collected from: Seber and Wild, Nonlinear Regression (1989); Ratkowsky, Handbook of Nonlinear Regression
Models (1990); Atkins and de Paula, Physical Chemistry (2014); Cornish-Bowden, Fundamentals of Enzyme Kinetics
(2012); Gabrielsson and Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis (2006); Poling, Prausnitz
and O'Connell, The Properties of Gases and Liquids (2001); Bevington and Robinson, Data Reduction and Error
Analysis (2003).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse

_NAME = re.compile(r"[^\W\d]\w*(?!\w*\()")


@dataclass(frozen=True)
class Curve:
    """A form of the variable `x`, or of `x` and `z`, whose other names are constants to be fitted.

    Attributes:
        name: What textbooks call it.
        form: Infix text in which each constant occurs once.
        starts: Where the constants that do not enter linearly begin: names of constants, separated by spaces
            where they begin together, with a rule of `nsr.search.curves.starts`.
        turns: Whether it is known by its turn: rows that do not show one do not show this curve.
    """

    name: str
    form: str
    starts: dict[str, str] = field(default_factory=dict)
    turns: bool = False

    @cached_property
    def skeleton(self) -> Expression:
        """The form with a placeholder for each constant."""
        return parse(self.form, ("x", "z"), free_names=True)

    @cached_property
    def constants(self) -> tuple[str, ...]:
        """Names of the constants, in the order of the skeleton's placeholders."""
        return tuple(name for name in _NAME.findall(self.form) if name not in ("x", "z", "pi"))


# One curve in two wordings: a saturation from a baseline, and of the logarithm of a pressure by temperature.
_OFFSET_HYPERBOLA = "hyperbola with an offset (Michaelis and Menten, Emax, Antoine of the logarithm)"

# Each constant once: what is fitted has no shared constants, and an exponential of k*(m - x) is as good as
# one of b - k*x, with a start for m that can be seen.
CURVES = (
    # Powers and logarithms.
    Curve("proportionality (Hooke, Ohm)", "a*x"),
    Curve("power law (Freundlich, allometry)", "a*x^n", {"n": "exponent"}),
    Curve("power law with an offset (Herschel-Bulkley, learning)", "c + a*x^n", {"n": "exponent"}),
    Curve("shifted power", "a*(x + s)^n", {"s n": "shifted power"}),
    Curve("shifted power with an offset", "c + a*(x + s)^n", {"s": "shift", "n": "exponent"}),
    Curve("shifted power, falling", "c + a*(s - x)^n", {"s": "beyond", "n": "exponent"}),
    Curve("logarithm (Nernst, Tafel, Temkin)", "c + a*log(x)"),
    Curve("shifted logarithm", "c + a*log(x + s)", {"s": "shift"}),
    Curve("root", "c + a*sqrt(x)"),
    Curve("shifted root", "c + a*sqrt(x + s)", {"s": "shift"}),
    # Exponentials.
    Curve("exponential", "a*exp(k*x)", {"k": "rate"}),
    Curve("exponential with an offset (Newton's cooling)", "c + a*exp(k*x)", {"k": "rate"}),
    Curve("exponential approach, diode", "a*(1 - exp(k*x))", {"k": "rate"}),
    Curve("exponential and a line (burst)", "c + d*x + a*exp(k*x)", {"k": "rate"}),
    Curve("stretched exponential (Kohlrausch)", "a*exp(-(x/t)^n)", {"t": "scale", "n": "steepness"}),
    Curve(
        "stretched exponential with an offset (Weibull growth)",
        "c + a*exp(-(x/t)^n)",
        {"t": "scale", "n": "steepness"},
    ),
    Curve("Weibull, Avrami", "a*(1 - exp(-(x/t)^n))", {"t": "scale", "n": "steepness"}),
    Curve("Weibull, Avrami, from zero", "a*(1 - exp(-k*x^n))", {"k n": "stretched"}),
    Curve("gamma variate (Wood)", "a*x^n*exp(k*x)", {"n": "exponent", "k": "rate"}, turns=True),
    Curve("Ricker, alpha function", "a*x*exp(-k*x)", {"k": "decay"}, turns=True),
    Curve("Rayleigh", "a*x*exp(-(x/w)^2)", {"w": "scale"}, turns=True),
    Curve("Maxwell and Boltzmann", "a*x^2*exp(-(x/w)^2)", {"w": "scale"}, turns=True),
    Curve(
        "Weibull density",
        "a*x^m*exp(-(x/t)^n)",
        {"m": "exponent", "t": "scale", "n": "steepness"},
        turns=True,
    ),
    Curve(
        "attenuation with spreading (Yukawa)",
        "a*exp(-k*x)/(x + s)",
        {"k": "decay", "s": "shift"},
    ),
    Curve(
        "photosynthesis with inhibition (Platt)",
        "a*(1 - exp(-k*x))*exp(-m*x)",
        {"k": "decay", "m": "decay"},
        turns=True,
    ),
    Curve("Chapman and Richards", "a*(1 - exp(-k*x))^n", {"k": "decay", "n": "steepness"}),
    Curve("von Bertalanffy, weights", "a*(1 - exp(k*(m - x)))^3", {"k": "decay", "m": "before"}),
    Curve("Morse", "c + a*(1 - exp(k*(m - x)))^2", {"k": "rate", "m": "inside"}),
    # Temperature.
    Curve("Arrhenius, Clausius and Clapeyron", "a*exp(b/x)", {"b": "barrier"}),
    Curve("modified Arrhenius (Kooij)", "a*x^n*exp(b/x)", {"n": "exponent", "b": "barrier"}),
    Curve("Antoine, Vogel, Fulcher and Tammann, Magnus", "a*exp(b/(x + s))", {"s b": "antoine"}),
    Curve(_OFFSET_HYPERBOLA, "c + a/(x + s)", {"s": "pole"}),
    Curve("DIPPR 101, of the logarithm", "c + a/x + b*log(x)"),
    Curve("Steinhart and Hart", "1/(a + b*log(x) + c*log(x)^3)", {"a b c": "thermistor"}),
    Curve("Maier and Kelley", "c + d*x + a/x^2"),
    Curve("Shomate", "c + d*x + a*x^2 + b*x^3 + h/x^2"),
    Curve("Planck, by frequency", "a*x^3/(exp(k*x) - 1)", {"k": "decay"}, turns=True),
    Curve("Planck, by wavelength", "a/(x^5*(exp(k/x) - 1))", {"k": "barrier"}, turns=True),
    # Saturation.
    Curve("Michaelis and Menten, Monod, Langmuir, Holling II", "a*x/(x + k)", {"k": "scale"}),
    Curve(_OFFSET_HYPERBOLA, "c + a*x/(x + k)", {"k": "scale"}),
    Curve("Michaelis and Menten with a linear part", "d*x + a*x/(x + k)", {"k": "scale"}),
    Curve("two binding sites", "a*x/(x + k) + b*x/(x + m)", {"k": "scale", "m": "scale"}),
    Curve(
        "substrate inhibition (Haldane, Andrews)",
        "a*x/(x + k + m*x^2)",
        {"k": "scale", "m": "inverse"},
        turns=True,
    ),
    Curve("Holling III", "a*x^2/(x^2 + k)", {"k": "square"}),
    Curve("Hill, Sips", "a/(1 + (k/x)^n)", {"k": "scale", "n": "steepness"}),
    Curve("Hill with an offset, four-parameter dose response", "c + a/(1 + (x/k)^n)", {"k n": "dose"}),
    Curve("Hill, from zero", "a/(1 + k*x^n)", {"k n": "doses"}),
    Curve("Hill with an offset, from zero (Cross)", "c + a/(1 + k*x^n)", {"k n": "doses"}),
    Curve(
        "five-parameter dose response",
        "c + a/(1 + (x/k)^n)^m",
        {"k n": "dose", "m": "steepness"},
    ),
    Curve("hyperbola, second order", "a/(x + s)", {"s": "pole"}),
    Curve("order 3/2, product", "a*(1 - (1 + k*x)^(-2))", {"k": "decay"}),
    Curve("order 3, product", "a*(1 - (1 + k*x)^(-0.5))", {"k": "decay"}),
    Curve("order 3/2", "a/(x + s)^2", {"s": "shift"}),
    Curve("order 3", "a/sqrt(x + s)", {"s": "shift"}),
    Curve("order n", "a*(1 - (1 + k*x)^n)", {"k": "decay", "n": "exponent"}),
    Curve("light curve (Jassby and Platt)", "a*tanh(k*x)", {"k": "decay"}),
    Curve("Debye and Hueckel", "a*sqrt(x)/(1 + b*sqrt(x))", {"b": "decay"}),
    Curve("Brunauer, Emmett and Teller", "a*x/((1 - x/s)*(1 + b*x))", {"s": "above", "b": "decay"}),
    Curve("Langevin", "a/tanh(k*x) - b/x", {"k": "decay"}),
    Curve("Carreau", "c + a*(1 + (k*x)^2)^n", {"k": "decay", "n": "exponent"}),
    Curve("low pass", "a/sqrt(1 + (x/k)^2)", {"k": "scale"}),
    Curve("Debye relaxation", "c + a/(1 + (x/k)^2)", {"k": "scale"}),
    Curve("resonance", "a/sqrt((x^2 - m)^2 + b*x^2)", {"m b": "resonance"}, turns=True),
    # Sigmoids and steps.
    Curve("logistic", "a/(1 + exp(k*(m - x)))", {"k": "slope", "m": "inside"}),
    Curve("logistic with an offset (Boltzmann)", "c + a/(1 + exp(k*(m - x)))", {"k": "slope", "m": "inside"}),
    Curve(
        "Richards",
        "a/(1 + exp(k*(m - x)))^n",
        {"k": "slope", "m": "inside", "n": "steepness"},
    ),
    Curve(
        "Richards with an offset, five-parameter logistic",
        "c + a/(1 + exp(k*(m - x)))^n",
        {"k": "slope", "m": "inside", "n": "steepness"},
    ),
    Curve("Gompertz", "a*exp(-exp(k*(m - x)))", {"k": "slope", "m": "inside"}),
    Curve("Gompertz with an offset", "c + a*exp(-exp(k*(m - x)))", {"k": "slope", "m": "inside"}),
    Curve("arctangent step", "c + a*atan(k*(x - m))", {"k": "slope", "m": "inside"}),
    Curve("resonant phase on a line", "c + d*x + a*atan(b/(x + s))", {"s": "pole", "b": "width"}),
    # A quantum defect is its phase over pi (Seaton, Rep. Prog. Phys. 46, 167, 1983), whose size is not free.
    Curve("quantum defect at a resonance", "c + d*x + atan(b/(x + s))/pi", {"s": "pole", "b": "width"}),
    # Peaks; sums of them are in `nsr.search.curves.series`.
    Curve("log-normal", "a*exp(-(log(x/m)/w)^2)", {"m": "scale", "w": "decades"}, turns=True),
    Curve("soliton", "c + a/cosh(k*(x - m))^2", {"k": "slope", "m": "inside"}, turns=True),
    Curve("cosine on a constant", "c + a*cos(w*x)", {"w": "frequency"}, turns=True),
    Curve("sine on a constant", "c + a*sin(w*x)", {"w": "frequency"}, turns=True),
    Curve("damped oscillation", "c + a*exp(-k*x)*sin(w*x + p)", {"k w p": "damped"}, turns=True),
    Curve("van Deemter", "c + d*x + a/x"),
    Curve("Cauchy's dispersion", "c + a/x^2 + b/x^4"),
    Curve("Lennard-Jones", "a/x^12 - b/x^6"),
    Curve("Butler and Volmer", "a*(exp(k*x) - exp(-m*x))", {"k": "decay", "m": "decay"}),
    Curve("Bateman", "a*(exp(-k*x) - exp(-m*x))", {"k": "decay", "m": "decay"}, turns=True),
)

# What one variable contributes where others multiply it or are added to it; the factor is theirs to share.
SHAPES = (
    Curve("power", "x^n", {"n": "exponent"}),
    Curve("exponential", "exp(k*x)", {"k": "rate"}),
    Curve("exponential approach", "(1 - exp(-k*x))", {"k": "decay"}),
    Curve("Arrhenius", "exp(b/x)", {"b": "barrier"}),
    Curve("logarithm", "log(x)"),
    Curve("saturation (Michaelis and Menten)", "x/(x + k)", {"k": "scale"}),
    Curve("inhibition, hyperbola", "1/(x + s)", {"s": "pole"}),
    Curve("Hill", "1/(1 + (k/x)^n)", {"k": "scale", "n": "steepness"}),
    Curve("logistic", "1/(1 + exp(k*(m - x)))", {"k": "slope", "m": "inside"}),
    Curve("Gaussian peak", "exp(-((x - m)/w)^2)", {"m w": "peak"}),
    Curve("wave", "sin(w*x + p)", {"w p": "wave"}),
)

# Curves of two variables, of which either may be x.
PAIRS = (
    Curve("competitive inhibition", "a*x/(x + k + m*z)", {"k": "scale", "m": "z few inverses"}),
    Curve("uncompetitive inhibition", "a*x/(k + x*(1 + m*z))", {"k": "scale", "m": "z few inverses"}),
    Curve("noncompetitive inhibition", "a*x/((x + k)*(1 + m*z))", {"k": "scale", "m": "z few inverses"}),
    Curve(
        "mixed inhibition",
        "a*x/(k + m*z + x*(1 + n*z))",
        {"k": "few scales", "m": "z few inverses", "n": "z few inverses"},
    ),
    Curve(
        "ordered bisubstrate",
        "a*x*z/(k + m*x + n*z + x*z)",
        {"k": "few scales", "m": "z few scales", "n": "few scales"},
    ),
    Curve("ping-pong", "a*x*z/(m*x + n*z + x*z)", {"m": "z few scales", "n": "few scales"}),
    Curve("dual Monod", "a*x*z/((x + k)*(z + m))", {"k": "few scales", "m": "z few scales"}),
)


def without_offset(name: str) -> str:
    """What textbooks call a curve whose offset is zero; much the same where they have no other name."""
    offset = (curve.form for curve in CURVES if curve.name == name and curve.form.startswith("c + "))
    forms = {form.removeprefix("c + ") for form in offset}
    plain = [curve.name for curve in CURVES if curve.form in forms]
    return plain[0] if len(plain) == 1 else name.replace(" with an offset", "").replace(" on a constant", "")
