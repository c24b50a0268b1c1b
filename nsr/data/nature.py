"""Constants that have a name and a known value: the user's own, and those of nature, which SciPy knows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from nsr.data.names import Names, did_you_mean, identifier

# CODATA's names of what has a short one; SciPy's table has values and units by these.
_SHORT = {
    "c": "speed of light in vacuum",
    "G": "Newtonian constant of gravitation",
    "g": "standard acceleration of gravity",
    "h": "Planck constant",
    "hbar": "reduced Planck constant",
    "e": "elementary charge",
    "k": "Boltzmann constant",
    "k_B": "Boltzmann constant",
    "N_A": "Avogadro constant",
    "R": "molar gas constant",
    "F": "Faraday constant",
    "epsilon_0": "vacuum electric permittivity",
    "mu_0": "vacuum mag. permeability",
    "sigma": "Stefan-Boltzmann constant",
    "alpha": "fine-structure constant",
    "Rydberg": "Rydberg constant",
    "Wien": "Wien wavelength displacement law constant",
    "m_e": "electron mass",
    "m_p": "proton mass",
    "m_n": "neutron mass",
    "m_u": "atomic mass constant",
    "a_0": "Bohr radius",
    "mu_B": "Bohr magneton",
    "atm": "standard atmosphere",
}
_LOOKED_UP = "scipy"
_VALUE = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
_REMEDY = "give a number, a number and its unit such as (9.81, 'm/s^2'), or 'scipy' for what SciPy knows"


@dataclass(frozen=True)
class NamedConstant:
    """A constant that equations call by its name.

    Attributes:
        name: As the user wrote it.
        value: In the units of the data.
        unit: Where one was given.
        is_of_si: Whether the value is SciPy's, in SI units.
    """

    name: str
    value: float
    unit: str | None = None
    is_of_si: bool = False

    @property
    def identifier(self) -> str:
        """What stands for it in equations."""
        return identifier(self.name)


def read_constants(given: Mapping[str, Any] | None, names: Names) -> tuple[NamedConstant, ...]:
    """Reads constants.

    Args:
        given: For each name a number, a number and its unit (or a text of both), `scipy` for the constant
            that SciPy has under the short name, or SciPy's long name of it.
        names: The columns, of which none has the name of a constant.

    Raises:
        ValueError: If a constant is not known, is not a number, or goes by a column's name.
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise ValueError(f"constants are a mapping such as {{'g': 9.81}}, not {given!r}")
    found = [_read(str(name), value) for name, value in given.items()]
    taken = set(names.identifiers) | names.words.keys()
    for constant in found:
        if constant.identifier in taken or constant.name in taken:
            raise ValueError(
                f"the constant {constant.name!r} has the name of a column, or of another constant: call one "
                "of the two something else"
            )
        taken.add(constant.identifier)
    return tuple(found)


def values_of(constants: Iterable[NamedConstant]) -> dict[str, float]:
    """Values by name."""
    return {constant.name: constant.value for constant in constants}


def constants_in_text(texts: Iterable[str]) -> dict[str, Any]:
    """Constants from text such as `g=9.81`, `g=9.81 m/s^2`, `c=scipy`, or `m=electron mass`.

    Raises:
        ValueError: If one is not of this form, or given twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name or not value or name in found:
            what = "gives a constant twice" if name in found else "is not of the form name=value"
            raise ValueError(f"--constant {text!r} {what}: write 'g=9.81', 'g=9.81 m/s^2' or 'g=scipy'")
        found[name] = value
    return found


def _read(name: str, given: Any) -> NamedConstant:
    if not name.strip():
        raise ValueError("a constant has an empty name: give it one that equations can show")
    if isinstance(given, str):
        return _of_text(name, given)
    value, unit = given, None
    if isinstance(given, tuple | list) and len(given) == 2 and isinstance(given[1], str):
        value, unit = given
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ValueError(f"constants={{{name!r}: {given!r}}}: {_REMEDY}")
    number = float(value)
    if not math.isfinite(number) or number == 0:
        raise ValueError(f"the constant {name!r} is {number:g}: it must be finite and not zero")
    return NamedConstant(name, number, unit)


def _of_text(name: str, text: str) -> NamedConstant:
    match = _VALUE.fullmatch(text)
    if match is not None:
        return _read(name, (float(match[1]), match[2]) if match[2] else float(match[1]))
    from scipy.constants import physical_constants

    wanted = name if text == _LOOKED_UP else text
    long = _SHORT.get(wanted, wanted)
    if long not in physical_constants:
        known = [*_SHORT, *physical_constants]
        hint = did_you_mean(wanted, known, 0.6)
        remedy = hint if "mean" in hint else _REMEDY
        raise ValueError(f"SciPy knows no constant {wanted!r}; {remedy}")
    value, unit, _ = physical_constants[long]
    return NamedConstant(name, float(value), unit or "1", is_of_si=True)
