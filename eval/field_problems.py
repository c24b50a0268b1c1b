"""Partial differential equations whose solutions methods are given: ten of textbooks, and drawn ones.

Each is told by its equations as text, which are solved from there, and which what is found is compared with.
Ten equations are a test: nothing is chosen on them. The drawn ones are for development.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from eval.spectral import Array, Box, Modes, integrate
from nsr.fields.variables import FieldVariables

# Fields of a drawn problem are left out where they pass this, or where they hardly move.
_LARGEST, _LEAST_SPREAD = 20.0, 0.02
# Each term of a drawn equation has at least this share of the rate.
_LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Observed:
    """Fields on a regular grid.

    Attributes:
        times: Shape (T,).
        axes: Places along each axis.
        fields: Those whose rates are to be explained, each of shape (T, *grid).
        inputs: Others that act on them.
    """

    times: Array
    axes: list[Array]
    fields: dict[str, Array]
    inputs: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldProblem:
    """One problem.

    Attributes:
        name: Of the problem.
        equations: Right-hand sides by the name of the field.
        box: The grid that is solved on.
        times: Of observation.
        initial: Fields at the first time, (F, *grid); of order 2 rates follow.
        order: Of the derivative by time.
        has_flow: Whether the only field is a vorticity, which is carried by the velocity (u, v) that it
            makes.
        n_steps: Of the solver from one time to the next.
        stride: Every such point along each axis is observed.
    """

    name: str
    equations: dict[str, str]
    box: Box
    times: Array
    initial: Callable[[Box], Array]
    order: int = 1
    has_flow: bool = False
    n_steps: int = 20
    stride: int = 1

    @cached_property
    def variables(self) -> FieldVariables:
        """What the equations are made of."""
        inputs = ("u", "v") if self.has_flow else ()
        return FieldVariables(tuple(self.equations), inputs, len(self.box.lengths), self.order)

    @cached_property
    def truth(self) -> list[sympy.Expr]:
        """Right-hand sides, expanded."""
        symbols = {name: sympy.Symbol(name, real=True) for name in self.variables.names}
        return [sympy.expand(sympy.sympify(text, locals=symbols)) for text in self.equations.values()]

    def observe(self, noise: float = 0.0, seed: int = 0) -> Observed:
        """The fields, with normal noise of a share of each one's deviation."""
        rng = np.random.default_rng(seed)
        solved, names = self._solved, tuple(self.equations)
        grid = (slice(None), slice(None), *(slice(None, None, self.stride) for _ in self.box.lengths))
        fields = dict(zip(names, np.moveaxis(solved[grid], 1, 0), strict=False))
        inputs = {}
        if self.has_flow:
            modes = self.box.modes(solved[:, 0])
            inputs = dict(
                zip("uv", (self.box.fields(one)[grid[1:]] for one in self._flow(modes)), strict=True)
            )
        axes = [axis[:: self.stride] for axis in self.box.axes]
        noisy = [
            {n: f + noise * np.std(f) * rng.standard_normal(f.shape) for n, f in part.items()}
            for part in (fields, inputs)
        ]
        return Observed(self.times, axes, *noisy)

    @cached_property
    def _solved(self) -> Array:
        """Shape (T, C, *grid), of fields and, of order 2, of their rates."""
        linear, others = self._split()
        return integrate(self.box, linear, others, self.initial(self.box), self.times, self.n_steps)

    def is_telling(self) -> bool:
        """Whether the fields stay bounded and move, and each term of an equation has a share in the rate."""
        fields = self._solved
        if not np.all(np.abs(fields) < _LARGEST):
            return False
        moved = np.std(fields, axis=(0, *range(2, fields.ndim)))
        still = np.std(fields[-1], axis=tuple(range(1, fields.ndim - 1)))
        if np.any(moved < _LEAST_SPREAD) or np.any(still[: len(self.equations)] < _LEAST_SPREAD):
            return False
        for right in self.truth:
            sizes = [np.sqrt(np.mean(self._values_of(term) ** 2)) for term in right.as_ordered_terms()]
            if min(sizes) < _LEAST_SHARE * max(sizes):
                return False
        return True

    def _values_of(self, term: sympy.Expr) -> Array:
        """A term at all observed times, shape (T, *grid)."""
        symbols = sympy.symbols(self.variables.names, real=True)
        compiled, used = sympy.lambdify(symbols, term, "numpy"), {str(one) for one in term.free_symbols}
        return np.array(
            [
                self._evaluated(self.box.modes(fields), [compiled], used, time)[0]
                for time, fields in zip(self.times, self._solved, strict=True)
            ]
        )

    def _split(self) -> tuple[NDArray[Any], Callable[[Modes, float], Modes]]:
        """What multiplies each field's own modes, and all the rest of the rates."""
        names, n = self.variables.names, len(self.equations)
        symbols = sympy.symbols(names, real=True)
        waves = self.box.wavenumbers
        factors = np.zeros((n * self.order, *np.broadcast_shapes(*(w.shape for w in waves))), dtype=complex)
        rests = []
        for place, right in enumerate(self.truth):
            rest = right
            for orders in self.variables.derivatives if self.order == 1 else ():
                symbol = symbols[self.variables.place(place, orders)]
                weight = right.coeff(symbol, 1)
                if weight.is_number:
                    factors[place] += float(weight) * self._symbol(orders)
                    rest -= weight * symbol
            rests.append(rest)
        used = {str(symbol) for rest in rests for symbol in rest.free_symbols}
        compiled = [sympy.lambdify(symbols, rest, "numpy") for rest in rests]
        return factors, lambda modes, time: self._others(modes, compiled, used, time)

    def _others(self, modes: Modes, rests: list[Callable[..., Any]], used: set[str], time: float) -> Modes:
        rates = [self.box.fields(one) for one in modes[len(self.equations) :]]
        return self.box.modes(np.array([*rates, *self._evaluated(modes, rests, used, time)]))

    def _evaluated(
        self, modes: Modes, functions: list[Callable[..., Any]], used: set[str], time: float
    ) -> list[Array]:
        n = len(self.equations)
        sources = list(modes[:n])
        if self.has_flow:
            sources += list(self._flow(modes[0]))
        kinds = [(source, orders) for source in sources for orders in self.variables.derivatives]
        values = [
            self.box.fields(source * self._symbol(orders)) if name in used else np.zeros(1)
            for name, (source, orders) in zip(self.variables.names, kinds, strict=False)
        ]
        rates = [self.box.fields(one) for one in modes[n:]]
        places = np.meshgrid(*self.box.axes, indexing="ij")
        return [np.broadcast_to(one(*values, *rates, *places, time), self.box.n_points) for one in functions]

    def _symbol(self, orders: tuple[int, ...]) -> NDArray[Any]:
        """What a derivative multiplies modes by."""
        factors = [(1j * k) ** order for k, order in zip(self.box.wavenumbers, orders, strict=True)]
        return np.asarray(math.prod(factors))

    def _flow(self, modes: Modes) -> tuple[Modes, Modes]:
        """Velocities (psi_y, -psi_x) of the stream function psi, whose Laplacian is minus the vorticity."""
        kx, ky = self.box.wavenumbers
        size = kx**2 + ky**2
        stream = modes / np.where(size > 0, size, 1.0)
        return 1j * ky * stream, -1j * kx * stream


def random_waves(n_modes: int, size: float, seed: int, mean: float = 0.0) -> Callable[[Box], Array]:
    """A field of the longest waves, of a deviation around a mean."""

    def initial(box: Box) -> Array:
        rng = np.random.default_rng(seed)
        shape = box.modes(np.zeros(box.n_points)).shape
        modes = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        longest = [
            np.abs(k) * length / (2 * np.pi) for k, length in zip(box.wavenumbers, box.lengths, strict=True)
        ]
        numbers = np.sqrt(sum(k**2 for k in longest))
        waves = box.fields(np.where((numbers > 0) & (numbers <= n_modes), modes, 0.0))
        return np.asarray((mean + size * waves / np.std(waves))[None])

    return initial


def of_places(*functions: Callable[..., Array]) -> Callable[[Box], Array]:
    """Fields that are functions of the places."""
    return lambda box: np.array([f(*np.meshgrid(*box.axes, indexing="ij")) for f in functions])


def _solitons(x: Array) -> Array:
    """Two solitons of KdV's equation, the faster one behind."""
    waves = [c / 2 / np.cosh(np.sqrt(c) / 2 * (x - place)) ** 2 for c, place in ((4.0, 8.0), (1.5, 18.0))]
    return np.asarray(waves[0] + waves[1])


def _spiral(phase: float) -> Callable[[Array, Array], Array]:
    """A rotating spiral that is periodic, as far as can be."""

    def field(x: Array, y: Array) -> Array:
        u, v = np.sin(np.pi * x / 10), np.sin(np.pi * y / 10)
        radius = np.hypot(u, v)
        return np.asarray(np.tanh(2 * radius) * np.cos(np.arctan2(v, u) - 2 * radius + phase))

    return field


def _fronts(x: Array) -> Array:
    return np.asarray(np.exp(-((x - 8) ** 2)) + 0.6 * np.exp(-((x - 22) ** 2) / 4))


def _times(end: float, n: int) -> Array:
    return np.linspace(0.0, end, n)


_LINE = Box((20.0,), (256,))
_TURN = Box((2 * np.pi, 2 * np.pi), (64, 64))

TEN = (
    FieldProblem("heat", {"u": "0.3*u_xx"}, _LINE, _times(5, 101), random_waves(8, 1.0, 1)),
    FieldProblem(
        "advection_diffusion",
        {"u": "-1.5*u_x + 0.2*u_xx"},
        _LINE,
        _times(5, 101),
        random_waves(8, 1.0, 2, 0.5),
    ),
    FieldProblem(
        "burgers",
        {"u": "-u*u_x + 0.1*u_xx"},
        _LINE,
        _times(10, 101),
        of_places(lambda x: np.exp(-((x - 8) ** 2) / 2)),
    ),
    FieldProblem(
        "kdv",
        {"u": "-6*u*u_x - u_xxx"},
        Box((40.0,), (256,)),
        _times(6, 121),
        of_places(_solitons),
        n_steps=30,
    ),
    FieldProblem(
        "kuramoto_sivashinsky",
        {"u": "-u*u_x - u_xx - u_xxxx"},
        Box((32 * np.pi,), (256,)),
        _times(100, 201),
        of_places(lambda x: np.cos(x / 16) * (1 + np.sin(x / 16))),
    ),
    FieldProblem(
        "fisher_kpp", {"u": "0.5*u_xx + u - u**2"}, Box((30.0,), (256,)), _times(6, 101), of_places(_fronts)
    ),
    FieldProblem(
        "allen_cahn", {"u": "0.05*u_xx + u - u**3"}, _LINE, _times(4, 101), random_waves(10, 0.4, 3)
    ),
    FieldProblem(
        "wave",
        {"u": "4*u_xx"},
        _LINE,
        _times(8, 161),
        lambda box: np.concatenate((random_waves(6, 1.0, 4)(box), random_waves(6, 1.0, 5)(box))),
        order=2,
    ),
    FieldProblem(
        "reaction_diffusion",
        {
            "u": "0.1*u_xx + 0.1*u_yy + u - u**3 - u*v**2 + u**2*v + v**3",
            "v": "0.1*v_xx + 0.1*v_yy + v - u**2*v - v**3 - u**3 - u*v**2",
        },
        Box((20.0, 20.0), (64, 64)),
        _times(10, 101),
        of_places(_spiral(0.0), _spiral(-np.pi / 2)),
        n_steps=5,
    ),
    FieldProblem(
        "vorticity",
        {"w": "-u*w_x - v*w_y + 0.01*w_xx + 0.01*w_yy"},
        _TURN,
        _times(10, 101),
        random_waves(6, 2.0, 6),
        has_flow=True,
        n_steps=5,
    ),
)


def drawn(seed: int) -> Iterator[FieldProblem]:
    """Endless equations with random terms and coefficients, in the kinds in turn, for development."""
    rng = np.random.default_rng([0x6669656C64, seed])
    for number in itertools.count():
        for kind in _KINDS:
            while (problem := _drawn_one(kind, rng, number)) is None:
                pass
            yield problem


def _drawn_one(kind: Callable[..., Any], rng: np.random.Generator, number: int) -> FieldProblem | None:
    """A problem whose fields stay bounded and move, and whose terms all matter; None where they do not."""
    equations, order, n_axes = kind(rng)
    side = float(rng.uniform(10, 30))
    box = Box((side,) * n_axes, (256,) if n_axes == 1 else (64, 64))
    seeds = rng.integers(2**31, size=len(equations) * order)
    starts = [random_waves(6, rng.uniform(0.3, 1.0), int(own), rng.uniform(-0.5, 1.0)) for own in seeds]
    problem = FieldProblem(
        f"{kind.__name__.strip('_')}_{number}",
        equations,
        box,
        _times(float(rng.uniform(2, 6)), 101),
        lambda box: np.concatenate([start(box) for start in starts]),
        order,
        n_steps=10,
    )
    with np.errstate(all="ignore"):
        return problem if problem.is_telling() else None


def _size(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def _sign(rng: np.random.Generator) -> str:
    return "-" if rng.random() < 0.5 else "+"


def _transport(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    text = f"{_size(rng, 0.02, 0.3)}*u_xx"
    for term, share in (("u_x", 0.4), ("u*u_x", 0.6), ("u**2*u_x", 0.3), ("u_xxx", 0.3)):
        if rng.random() < share:
            text += f" {_sign(rng)} {_size(rng, 0.1, 2)}*{term}"
    return {"u": text}, 1, 1


def _reaction(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    power = rng.integers(2, 4)
    text = f"{_size(rng, 0.02, 0.5)}*u_xx + {_size(rng, 0.3, 2)}*u - {_size(rng, 0.3, 2)}*u**{power}"
    return {"u": text + (f" {_sign(rng)} {_size(rng, 0.3, 2)}*u_x" if rng.random() < 0.4 else "")}, 1, 1


def _pattern(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    text = f"-{_size(rng, 0.5, 1.5)}*u_xx - {_size(rng, 0.5, 1.5)}*u_xxxx"
    term = ("u*u_x", "u_x**2", "u**3")[rng.integers(3)]
    return {"u": f"{text} - {_size(rng, 0.3, 1.5)}*{term}"}, 1, 1


def _porous(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    weight = _size(rng, 0.1, 0.5)
    text = f"{_size(rng, 0.1, 0.5)}*u_xx + {weight}*u**2*u_xx + {2 * weight}*u*u_x**2"
    return {"u": text + f" {_sign(rng)} {_size(rng, 0.2, 1)}*u"}, 1, 1


def _second_order(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    text = f"{_size(rng, 0.5, 4)}*u_xx"
    for term in ("u", "u**3", "u_t"):
        if rng.random() < 0.5:
            text += f" - {_size(rng, 0.2, 2)}*{term}"
    return {"u": text}, 2, 1


def _two_fields(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    reactions = (
        ("{0}*u - {1}*u**3 - {2}*v", "{3}*u - {4}*v"),
        ("{0}*u - {1}*u*v", "{2}*u*v - {3}*v"),
        ("{0}*v - {1}*u", "{2}*u - {3}*v - {4}*u**2*v"),
    )[rng.integers(3)]
    sizes = [_size(rng, 0.3, 1.5) for _ in range(5)]
    u, v = (text.format(*sizes) for text in reactions)
    return {"u": f"{_size(rng, 0.05, 0.5)}*u_xx + {u}", "v": f"{_size(rng, 0.05, 0.5)}*v_xx + {v}"}, 1, 1


def _plane(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    weight = _size(rng, 0.05, 0.5)
    text = f"{weight}*u_xx + {weight}*u_yy"
    for term, share in (("u_x", 0.5), ("u_y", 0.5), ("u*u_x", 0.3), ("u*u_y", 0.3)):
        if rng.random() < share:
            text += f" {_sign(rng)} {_size(rng, 0.3, 2)}*{term}"
    if rng.random() < 0.4:
        text += f" + {_size(rng, 0.3, 2)}*u - {_size(rng, 0.3, 2)}*u**{rng.integers(2, 4)}"
    return {"u": text}, 1, 2


def _placed(rng: np.random.Generator) -> tuple[dict[str, str], int, int]:
    text = f"{_size(rng, 0.05, 0.5)}*u_xx {_sign(rng)} {_size(rng, 0.3, 2)}*u_x"
    return {"u": text + f" - {_size(rng, 0.1, 0.6)}*t*u"}, 1, 1


_KINDS = (_transport, _reaction, _pattern, _porous, _second_order, _two_fields, _plane, _placed)
