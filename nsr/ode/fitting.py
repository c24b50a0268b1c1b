"""Systems and their variations, fitted to trajectories by shooting."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.canonical import form_key
from nsr.expressions.expression import Expression
from nsr.ode.candidates import ranked
from nsr.ode.forms import forms, one_of_each
from nsr.ode.integrate import Systems
from nsr.ode.shooting import Paths, Shot, System, shot
from nsr.ode.variation import variations
from nsr.ode.weak_form import WeakForm
from nsr.ode.weak_refinement import refined

# Systems that are fitted to pieces, and how many of them, the best there, to whole trajectories.
_N_ON_PIECES, _N_ON_WHOLE = 32, 16
# Share of the time that is left for fits to pieces, and the largest share of it that a single fit may take.
_PIECES_SHARE, _MOST_SHARE = 0.5, 0.1
# Share of it that is left for a last look at what was found.
_CHECKING_SHARE = 0.05
# Variations of each component that are fitted, right-hand sides from elsewhere that may take its place, and
# systems whose variations bring nothing before the search for better ones ends.
_N_VARIED, _N_FROM_ELSEWHERE, _PATIENCE = 12, 16, 5
# Bits by which a variation must be better than what the sources say: of some hundred, a few are better by
# chance.
_HANDICAP = 16.0
# Systems that are reported, and how many are looked at for as many sturdy ones.
_N_REPORTED, _N_CHECKED = 16, 48
# A simulation that leaves more than this share of a state's variance unexplained has gone astray.
_ASTRAY = 0.25

Candidate = TypeVar("Candidate")


@dataclass(frozen=True)
class Fitting:
    """Fits systems to pieces of trajectories, then to the whole; the sum of both descriptions is their score.

    Attributes:
        loose: The pieces.
        whole: The trajectories.
        firsts: The first piece of each trajectory.
        weak_forms: Of the trajectories, one of each width; variations are ranked by them.
        candidates: Right-hand sides of each component, the most promising first.
        varies: The components of the best systems that are varied.
    """

    loose: Paths
    whole: Paths
    firsts: NDArray[np.int64]
    weak_forms: Sequence[WeakForm]
    candidates: Sequence[Sequence[Expression]]
    varies: Sequence[int] = ()

    def best(self, systems: Sequence[System], deadline: float) -> list[Shot]:
        """Fits of systems, and of variations while there is time; the best of each form, the best first.

        Those whose simulation is next to a singularity, or hangs on exact initial values, come last.

        Args:
            systems: The most promising first.
            deadline: Of `time.monotonic`.
        """
        now = time.monotonic()
        middle = now + _PIECES_SHARE * (deadline - now)
        end = deadline - _CHECKING_SHARE * (deadline - now)
        by_pieces = sorted(_each(systems[:_N_ON_PIECES], self._on_pieces, middle), key=_bits)
        fitted = sorted(_each(by_pieces[:_N_ON_WHOLE], self._on_whole, end), key=_bits)
        if self.varies:
            fitted = self._varied(fitted, end)
        best: dict[Hashable, Shot] = {}
        for found in fitted:
            best.setdefault(tuple(form_key(component) for component in found.system), found)
        return self._sturdy_first(list(best.values()), deadline)

    def _sturdy_first(self, fitted: list[Shot], deadline: float) -> list[Shot]:
        """As many as are reported, first those that are known not to be fragile."""

        def is_doubtful(found: Shot) -> bool:
            return time.monotonic() >= deadline or self._is_fragile(found)

        return sorted(fitted[:_N_CHECKED], key=is_doubtful)[:_N_REPORTED]

    def _is_fragile(self, found: Shot) -> bool:
        """Whether its simulation goes astray from other initial values that the observations allow.

        They are as smoothed, as observed, or a deviation off. Near a saddle each leads elsewhere; from 0 a
        root leads nowhere.
        """
        compiled = Systems([found.system])
        errors = self.whole.errors(compiled, found.initials[None])[0]
        moves = np.diag(np.sqrt(np.mean(errors**2, axis=0)) * self.whole.size)
        moved = found.initials + np.concatenate((moves, -moves))[:, None]
        begun = np.concatenate((moved, self.whole.initials[None], self.whole.observed[None]))
        errors = self.whole.errors(compiled, begun, index=np.zeros(len(begun), dtype=np.int64))
        unexplained = np.mean((errors * self.whole.scatter) ** 2, axis=1).max(axis=1)
        return bool(np.any(unexplained > _ASTRAY))

    def _varied(self, fitted: list[Shot], deadline: float) -> list[Shot]:
        """With the fits of variations: always those of the best system that was not varied yet."""
        tried = {forms(found.system) for found in fitted}
        varied: set[Hashable] = set()
        idle = 0
        while idle < (1 if fitted[0].is_exact else _PATIENCE) and time.monotonic() < deadline:
            parent = next((found for found in fitted if forms(found.system) not in varied), None)
            if parent is None:
                break
            varied.add(forms(parent.system))
            new = self._variations(parent.system, deadline)
            systems = [system for system in new if forms(system) not in tried]
            tried |= {forms(system) for system in systems}
            best = fitted[0].bits
            fitted = sorted([*fitted, *_each(systems, self._as_variation, deadline)], key=_bits)
            idle = 0 if fitted[0].bits < best else idle + 1
        return fitted

    def _variations(self, system: System, deadline: float) -> list[System]:
        """Systems of which one component is another; the weak form says which others are promising."""
        result: list[System] = []
        for component in self.varies:
            if time.monotonic() > deadline:
                break
            elsewhere = one_of_each(self.candidates[component])[:_N_FROM_ELSEWHERE]
            new = [*variations(system[component], len(system)), *elsewhere]
            weak = self.weak_forms[len(self.weak_forms) // 2]
            fits = [fit.expression for fit in refined(new, weak, component)]
            for expression in one_of_each(ranked(fits, self.weak_forms, component))[:_N_VARIED]:
                result.append((*system[:component], expression, *system[component + 1 :]))
        return result

    def _as_variation(self, system: System, until: float) -> Shot:
        found = self._on_whole(self._on_pieces(system, until), until)
        return replace(found, bits=found.bits + _HANDICAP)

    def _on_pieces(self, system: System, until: float) -> Shot:
        return shot(system, self.loose, deadline=until)

    def _on_whole(self, found: Shot, until: float) -> Shot:
        entire = shot(found.system, self.whole, found.initials[self.firsts], until)
        return replace(entire, bits=entire.bits + found.bits)


def _bits(found: Shot) -> float:
    return found.bits


def _each(
    candidates: Sequence[Candidate], fit: Callable[[Candidate, float], Shot], deadline: float
) -> list[Shot]:
    """Fits of candidates, at least of the first, until time is up; none may take more than its share."""
    result: list[Shot] = []
    for candidate in candidates:
        now = time.monotonic()
        if result and now > deadline:
            break
        result.append(fit(candidate, now + _MOST_SHARE * (deadline - now)))
    return result
