"""Systems and their variations, fitted to trajectories by shooting."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.canonical import form_key
from nsr.expressions.expression import Expression
from nsr.ode.forms import distinct_forms, forms
from nsr.ode.motion import System
from nsr.ode.ranking import by_description
from nsr.ode.shooting import FittedSystem, shoot
from nsr.ode.task import OdeTask
from nsr.ode.weak_refinement import fit_constants

Array = NDArray[np.float64]

# Errors of integration on the way, in those that its tolerance allows at the beginning; and squares of errors
# that grow from small ones elsewhere, in those that grow from these.
_ON_THE_WAY, _ALIKE = 10.0, 4.0
# Bits by which a fit to short pieces may be worse than another before it is not worth one to longer pieces.
_FAR_OFF = 20.0
# Share of a state's variance that such a fit leaves at most where that says so: noise leaves more, and hides
# in initial values of short pieces what systems are worth.
_NEAR = 1e-3
# Right-hand sides that a component of a system may have instead.
Vary = Callable[[System, int], Sequence[Expression]]


class Fitting:
    """Fits systems to pieces of trajectories, then to the whole; the shorter description is their score.

    Attributes:
        fitted: The systems that were, the best first.
    """

    def __init__(self, task: OdeTask, tell: Callable[[], None] = lambda: None) -> None:
        """Begins with none; `tell` is called when there is a new best one."""
        self.fitted: list[FittedSystem] = []
        self._shortened: FittedSystem | None = None
        self._handicaps: dict[Hashable, float] = {}
        self._short: dict[System, FittedSystem] = {}
        self._tell = tell
        self._task, self._settings = task, task.settings

    @property
    def is_settled(self) -> bool:
        """Whether the best system is exact and so short that nothing that comes later can be much shorter."""
        if not self.fitted or not self.fitted[0].is_exact:
            return False
        s, best = self._settings, self.fitted[0]
        longest = s.short_if_certain if self.is_certain else s.short
        return all(component.complexity <= longest for component in best.system)

    @property
    def is_certain(self) -> bool:
        """Whether the best system leaves so little that no other form could do so by chance."""
        if not self.fitted:
            return False
        best = self.fitted[0]
        is_chaotic = bool(np.any(best.unexplained > self._settings.exact_fvu))
        by_pieces = self._task.motion.is_discrete or is_chaotic
        left = best.unexplained_on_pieces if by_pieces else best.unexplained
        return bool(np.all(left <= self._settings.certain_fvu))

    def fit(self, systems: Sequence[System], clock: Clock) -> None:
        """Fits systems; at least one, even if time is up.

        Args:
            systems: The most promising first.
            clock: When it is over no further system is fitted.
        """
        s = self._settings
        if not self.fitted:
            systems = self._by_short_pieces(systems, clock) or systems
            first = self._on_whole(self._on_pieces(systems[0], clock.within(s.longest_fit)), clock)
            self._keep(self._and_tied(first, clock))
            systems = systems[1:]
        on_pieces: list[FittedSystem] = []
        middle = clock.share(s.pieces_share)
        for system in self._by_short_pieces(systems[: s.n_on_pieces], middle):
            if middle.is_over:
                break
            if self._may_win(system):
                on_pieces.append(self._on_pieces(system, middle.within(s.longest_fit)))
        for found in sorted(on_pieces, key=_bits)[: s.n_on_whole]:
            if clock.is_over:
                break
            self._keep(self._and_tied(self._on_whole(found, clock.within(s.longest_fit)), clock))

    def vary(self, vary: Vary, clock: Clock) -> None:
        """Fits variations: always those of the best system that was not varied yet, until they bring nothing.

        Args:
            vary: What a component may be instead.
            clock: When it is over no further system is fitted.
        """
        tried = {forms(found.system) for found in self.fitted}
        varied: set[Hashable] = set()
        n_idle = 0
        while n_idle < (1 if self.fitted[0].is_exact else self._settings.patience) and not clock.is_over:
            parent = next((found for found in self.fitted if forms(found.system) not in varied), None)
            if parent is None:
                break
            before = self.fitted[0].bits
            for system in self._variations(parent, vary, clock):
                if clock.is_over or self.fitted[0].bits < before - self._settings.large_gain:
                    break
                handicap = self._handicap(parent, system)
                if forms(system) not in tried and self._may_win(system, handicap):
                    tried.add(forms(system))
                    if self._is_far_off(system, parent, clock):
                        continue
                    found = self._as_variation(system, handicap, clock.within(self._settings.longest_fit))
                    self._keep(self._and_tied(found, clock))
            else:
                varied.add(forms(parent.system))
            n_idle = 0 if self.fitted[0].bits < before else n_idle + 1

    def shorten(self, vary: Vary, clock: Clock) -> None:
        """Tries to do without parts of an exact system, as sums may have terms that do nothing.

        Nor may the observations tell one form from another as short, if they keep to a curve; then constants
        that occur twice do.

        Args:
            vary: What a component may be instead.
            clock: When it is over no further system is fitted.
        """
        s = self._settings
        while self.fitted[0].is_exact and self._shortened is not self.fitted[0] and not clock.is_over:
            before = self.fitted[0]
            for component in np.flatnonzero(self._task.is_sought).tolist():
                own, weak = before.system[component], self._task.typical_form(component)
                others = (e for e in vary(before.system, component) if e.complexity <= own.complexity)
                shorter = [other for other in others if form_key(other) != form_key(own)]
                most = max((fit.residual for fit in fit_constants([own], weak, component, 0)), default=0.0)
                fits = fit_constants(shorter, weak, component, s.n_weak_steps, clock)
                good = [fit for fit in fits if fit.residual <= max(s.shortened_residual, 3 * most)]
                for fit in sorted(good, key=lambda fit: fit.expression.complexity)[: s.n_shortened]:
                    self._try(_with(self.fitted[0].system, component, fit.expression), clock)
            self._agree(clock)
            if not clock.is_over:
                self._shortened = before

    def _agree(self, clock: Clock) -> None:
        """Fits the system of shortest description that is made of right-hand sides of exact ones.

        Where observations keep to a curve each component has several, and those that belong together have
        constants in common.
        """
        exact = [found.system for found in self.fitted if found.is_exact]
        components = zip(*exact, strict=True)
        own = [list({form_key(one): one for one in alike}.values()) for alike in components]
        if math.prod(map(len, own)) > self._settings.most_combinations:
            return
        whole, nothing = self._task.whole, np.zeros(self._task.n_states)
        best = min(itertools.product(*own), key=lambda system: whole.bits_of_shares(system, nothing))
        if whole.bits_of_shares(best, nothing) < self.fitted[0].bits:
            self._try(best, clock)

    def _try(self, system: System, clock: Clock) -> None:
        longest = self._settings.longest_fit
        self._keep([self._on_whole(self._on_pieces(system, clock.within(longest)), clock.within(longest))])

    def best_of_each_form(self, clock: Clock) -> list[FittedSystem]:
        """Systems of which none is another with other constants.

        Args:
            clock: When it is over no further system is looked at.

        Returns:
            The sturdy ones of the best, the best first; all of them if none is nearly as good as the best.
        """
        best: dict[Hashable, FittedSystem] = {}
        for found in self.fitted:
            best.setdefault(tuple(form_key(component) for component in found.system), found)
        looked_at = list(best.values())[: self._settings.n_checked]
        sturdy = [found for found in looked_at if not (clock.is_over or self._is_fragile(found))]
        most = looked_at[0].bits + self._settings.sturdiness
        return sturdy if sturdy and sturdy[0].bits <= most else looked_at

    def _keep(self, found: Iterable[FittedSystem]) -> None:
        before = self.fitted[0] if self.fitted else None
        self.fitted = sorted([*self.fitted, *found], key=_bits)
        if self.fitted and self.fitted[0] is not before:
            self._tell()

    def _may_win(self, system: System, handicap: float = 0.0) -> bool:
        """Whether a system would be better than the best one if it were exact."""
        if self.fitted and not self._task.allows_derived(system):
            return False
        return not self.fitted or self._task.whole.fewest_bits(system) + handicap < self.fitted[0].bits

    def _is_fragile(self, found: FittedSystem) -> bool:
        """Whether its simulation goes astray from other initial values that the observations allow.

        They are as smoothed, as observed, or a deviation off, and not below 0 where no observation is. Near a
        saddle each leads elsewhere; from 0 a root leads nowhere.
        """
        whole = self._task.whole
        compiled = whole.compiled([found.system])
        errors = whole.errors(compiled, found.initials[None])[0]
        deviations = np.sqrt(np.mean(errors**2, axis=0)) * whole.size * whole.first_scatter
        moves = np.zeros((errors.shape[1], *found.initials.shape))
        states = np.arange(len(moves))
        moves[states, :, states] = deviations.T
        moved = found.initials + np.concatenate((moves, -moves))
        begun = np.concatenate((moved, whole.initials[None], whole.observed[None]))
        sizes = np.flatnonzero(whole.is_never_negative)
        begun[..., sizes] = np.maximum(begun[..., sizes], 0.0)
        errors = whole.errors(compiled, begun, index=np.zeros(len(begun), dtype=np.int64))
        return bool(np.any(whole.unexplained(errors) > self._settings.astray))

    def _handicap(self, parent: FittedSystem, system: System) -> float:
        """Bits by which a variation must be better than what was proposed.

        A shorter one as many as what it was made from: few forms are shorter, and what goes without a part
        is not better by chance, as more parts explain more of the noise.
        """
        if _length(system) < _length(parent.system):
            return self._handicaps.get(forms(parent.system), 0.0)
        return self._settings.variation_handicap

    def _variations(self, parent: FittedSystem, vary: Vary, clock: Clock) -> list[System]:
        """Systems of which one component is another; the weak form says which others are promising.

        The most promising of all components come first.
        """
        s, system, lists = self._settings, parent.system, list[list[System]]()
        for component in np.flatnonzero(self._task.is_sought).tolist():
            if clock.is_over:
                break
            new = [
                expression
                for expression in vary(system, component)
                if self._may_win(one := _with(system, component, expression), self._handicap(parent, one))
            ]
            weak = self._task.typical_form(component)
            fits = fit_constants(new, weak, component, s.n_weak_steps, clock)
            ranked = by_description([fit.expression for fit in fits], self._task, component)
            others = distinct_forms(ranked)[: s.n_varied]
            lists.append([_with(system, component, other) for other in others])
        alike = itertools.zip_longest(*lists)
        return [one for one in itertools.chain.from_iterable(alike) if one is not None]

    def _and_tied(self, found: FittedSystem, clock: Clock, handicap: float = 0.0) -> list[FittedSystem]:
        """A fitted system, and, where like terms may be one flow (`nsr.ode.ties`), one in which they are."""
        tied = self._task.with_ties(found.system)
        if tied is None or clock.is_over:
            return [found]
        clock = clock.within(self._settings.longest_fit)
        fitted = self._on_whole(self._on_pieces(tied, clock), clock)
        return [found, replace(fitted, bits=fitted.bits + handicap)]

    def _as_variation(self, system: System, handicap: float, clock: Clock) -> FittedSystem:
        self._handicaps[forms(system)] = handicap
        found = self._on_whole(self._on_pieces(system, clock), clock)
        return replace(found, bits=found.bits + handicap)

    def _on_pieces(self, system: System, clock: Clock) -> FittedSystem:
        if (short := self._on_short_pieces(system, clock)) is not None:
            system = short.system
        return shoot(system, self._task.pieces, clock=clock)

    def _on_short_pieces(self, system: System, clock: Clock) -> FittedSystem | None:
        """A rough fit, which is kept, where chaos may spoil others; None elsewhere."""
        if self._task.short_pieces is None:
            return None
        if (known := self._short.get(system)) is None:
            known = self._short[system] = shoot(system, self._task.short_pieces, clock=clock)
        return known

    def _by_short_pieces(self, systems: Sequence[System], clock: Clock) -> list[System]:
        """Systems with the constants of fits to short pieces, if these are made.

        Where one leaves next to nothing they come by how good these fits are, without those that are far off.
        """
        if self._task.short_pieces is None:
            return list(systems)
        fits = [
            found
            for system in systems
            if not clock.is_over
            and (found := self._on_short_pieces(system, clock.within(self._settings.longest_fit)))
        ]
        best = min(fits, key=_bits, default=None)
        if best is None or not _is_near(best):
            return [found.system for found in fits]
        return [found.system for found in sorted(fits, key=_bits) if found.bits <= best.bits + _FAR_OFF]

    def _is_far_off(self, system: System, parent: FittedSystem, clock: Clock) -> bool:
        """Whether fits to short pieces say that it is worse than its parent, which leaves next to nothing."""
        clock = clock.within(self._settings.longest_fit)
        other = self._on_short_pieces(parent.system, clock)
        if other is None or not _is_near(other):
            return False
        own = self._on_short_pieces(system, clock)
        return own is not None and own.bits > other.bits + _FAR_OFF

    def _on_whole(self, found: FittedSystem, clock: Clock) -> FittedSystem:
        whole = self._task.whole
        first = found.initials[self._task.first_pieces]
        if found.is_exact:
            as_on_pieces = shoot(found.system, whole, first, Clock.of(0))
            if not as_on_pieces.is_exact and self._is_chaotic(
                as_on_pieces, _ON_THE_WAY * whole.settings.rtol
            ):
                return self._by_pieces(found, as_on_pieces, is_exact=True)
        entire = joined(found, shoot(found.system, whole, first, clock))
        is_astray = bool(np.any(entire.unexplained > self._settings.astray))
        is_map = self._task.motion.is_discrete
        noise = float(np.sqrt(np.max(found.unexplained)))
        by_chance = not clock.is_over and is_astray and self._is_chaotic(entire, noise)
        if not (is_astray and (found.is_exact or is_map or by_chance)):
            return entire
        # Chaos drives the right map astray, too, and no wrong one is exact on pieces.
        as_on_pieces = shoot(found.system, whole, first, Clock.of(0))
        return self._by_pieces(found, as_on_pieces, found.is_exact and is_map)

    def _by_pieces(self, found: FittedSystem, whole: FittedSystem, is_exact: bool) -> FittedSystem:
        """A system with the constants that pieces tell.

        Args:
            found: As it was fitted to pieces.
            whole: As it simulates the whole with these constants.
            is_exact: Whether it is.
        """
        nothing = np.zeros(self._task.n_states)
        bits = self._task.whole.bits_of_shares(found.system, nothing) if is_exact else found.bits
        return replace(whole, bits=bits, is_exact=is_exact, unexplained_on_pieces=found.unexplained)

    def _is_chaotic(self, found: FittedSystem, error: float) -> bool:
        """Whether small errors at the beginning grow to what a system leaves of the whole.

        What is left says nothing of the system then, and more terms would explain it.

        Args:
            found: As it simulates the whole.
            error: Relative error of the initial values.
        """
        whole, compiled = self._task.whole, self._task.whole.compiled([found.system])
        nearby = np.stack((found.initials, found.initials * (1 + error)))
        errors = whole.errors(compiled, nearby, index=np.zeros(2, dtype=np.int64))
        grown = whole.unexplained(errors[1] - errors[0])
        return bool(np.all(found.unexplained <= _ALIKE * grown + whole.settings.exact_fvu))


def joined(on_pieces: FittedSystem, on_whole: FittedSystem) -> FittedSystem:
    """A system as it was fitted to whole trajectories, or in few of them to pieces, if that says more.

    That pieces begin anew costs the bits of their initial values: what is left of the whole tells forms apart
    better, unless chaos, or a fit that failed, leaves most of it.
    """
    bits = min(on_whole.bits, on_pieces.bits)
    return replace(on_whole, bits=bits, unexplained_on_pieces=on_pieces.unexplained)


def _bits(found: FittedSystem) -> float:
    return found.bits


def _is_near(found: FittedSystem) -> bool:
    return bool(np.all(found.unexplained <= _NEAR))


def _length(system: System) -> int:
    return sum(component.complexity for component in system)


def _with(system: System, component: int, expression: Expression) -> System:
    return (*system[:component], expression, *system[component + 1 :])
