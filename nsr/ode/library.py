"""Sparse sums of the terms of libraries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.monomials import (
    polynomials,
    power,
    terms_of_sum,
    without_a_term,
    without_factors_of_one,
)
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import simplify
from nsr.ode.curved_sums import curved_sums
from nsr.ode.curves import curves_of
from nsr.ode.inner_constants import saturations, waves_of_time
from nsr.ode.known import KnownForm
from nsr.ode.ranking import shortest
from nsr.ode.stage import Proposals, Stage
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import Fit, WeakForm, all_integrals, sparse_fits, weak_bits
from nsr.ode.weak_refinement import fit_constants

# Seconds of work for a regression, and for each term that it chooses from.
_SECONDS, _SECONDS_A_TERM = 5e-3, 5e-4
# Share of a weak target's size that counts as nothing.
_EXACT = 1e-4
# Degree of the polynomials beside saturations of parts that are to be found.
_BESIDE_SATURATIONS = 2
# Libraries that tell whether a component needs no curve.
_N_PLAIN = 2
# Sums with curves that are tried without one of their terms.
_N_SHORTENED = 6
# By how much a factor of a term may differ from 1 if one of 1 is tried in its place.
_OFF_ONE = 0.15
# Powers of one over a state.
_INVERSE = (1, 2, 3)
# Sums of a component whose terms others may share.
_N_SHARING = 3
# Degree of the polynomials beside waves of the time.
_DRIVEN_DEGREE = 3


class LibraryStage(Stage):
    """Sums of terms: for each component the best few of every library and width.

    Residuals of different widths do not compare, so each width has its own list.
    """

    def propose(self, task: OdeTask, clock: Clock) -> Proposals:
        """As `Stage.propose`."""
        clock = clock.share(task.settings.regression_share)
        proposals: Proposals = [[] for _ in range(task.n_states)]
        for component, form in task.known.items():
            proposals[component] += _of_form(form, component, task, clock)
        movers = [c for c in range(task.n_states) if task.is_sought[c] and c not in task.known]
        if not movers:
            return proposals
        if task.motion.has_time:
            for component in movers:
                for driven in driven_libraries(task, component, clock):
                    _propose(driven, [component], proposals, task, clock)
                    if _is_explained(proposals[component]):
                        break
        for library in libraries(task.n_variables, task.settings.degrees):
            if clock.is_over and all(proposals[component] for component in movers):
                break
            _propose(library, movers, proposals, task, clock)
        for component in movers:
            if not (clock.is_over or _is_explained(proposals[component])):
                _propose(saturated_library(task, component, clock), [component], proposals, task, clock)
        _propose_shared(movers, proposals, task, clock)
        return proposals


class CurvesStage(Stage):
    """Sums of few plain terms and one or two curves with inner constants.

    A stage of its own, as what plain terms explain is found before these can hide it.
    """

    def propose(self, task: OdeTask, clock: Clock) -> Proposals:
        """As `Stage.propose`; nothing for a component that a short sum of plain terms explains."""
        clock = clock.share(task.settings.regression_share)
        plain: Proposals = [[] for _ in range(task.n_states)]
        proposals: Proposals = [[] for _ in range(task.n_states)]
        movers = [c for c in range(task.n_states) if task.is_sought[c] and c not in task.known]
        for library in itertools.islice(libraries(task.n_variables, task.settings.degrees), _N_PLAIN):
            _propose(library, movers, plain, task, clock)
        curved = [c for c in movers if not _is_explained_shortly(plain[c], task)]
        for place, component in enumerate(curved):
            if not clock.is_over:
                own = clock.share(1 / (len(curved) - place))
                _propose_curved(component, proposals, task, own)
        _propose_shared(curved, proposals, task, clock)
        return proposals


def _propose(
    library: tuple[Expression, ...],
    components: list[int],
    proposals: Proposals,
    task: OdeTask,
    clock: Clock,
) -> None:
    """Adds the best sums of a library's terms that some components may have, a list for each width."""
    may_have = {c: [term for term in library if task.allows_term(c, term)] for c in components}
    some = list(dict.fromkeys(term for terms in may_have.values() for term in terms))
    places = {term: place for place, term in enumerate(some)}
    pairs = [(weak, component) for component in components for weak in task.weak_forms_of(component)]
    forms = list(dict.fromkeys(weak for weak, _ in pairs))
    tables = dict(zip(forms, all_integrals(forms, Program(some)), strict=True))
    for weak, component in pairs:
        if clock.is_over and proposals[component]:
            continue
        own = may_have[component]
        clock.spend(_SECONDS + _SECONDS_A_TERM * len(own))
        rows = tables[weak][[places[term] for term in own]]
        fits = sparse_fits(rows.T, weak.target[:, component], own, task.settings)
        found = _usable(fits, weak, task, component)
        proposals[component].append(_with_factors_of_one(found, weak, task, component, clock))


def _propose_curved(component: int, proposals: Proposals, task: OdeTask, clock: Clock) -> None:
    """Adds sums with one curve or two, all of whose constants fit the weak forms."""
    n = task.n_variables - task.motion.has_time
    weak = task.typical_form(component)
    values = np.column_stack([weak.values_of(place) for place in range(n)])
    plain = [term for term in polynomials(n, 2) if task.allows_term(component, term)]
    allowed = [curve for curve in curves_of(values) if task.allows_term(component, curve.shape)]
    if not allowed:
        return
    for sums in curved_sums(weak, component, plain, allowed, task.settings, clock):
        for form in task.weak_forms_of(component):
            fits = fit_constants(sums, form, component, task.settings.n_weak_steps, clock)
            # With inner constants that fit, terms that made up for them are no longer needed.
            best = shortest(fits, form, task.settings)[:_N_SHORTENED]
            shorter = dict.fromkeys(one for fit in best for one in without_a_term(fit.expression))
            fits += fit_constants(list(shorter), form, component, task.settings.n_weak_steps, clock)
            found = _usable(fits, form, task, component)
            proposals[component].append(_with_factors_of_one(found, form, task, component, clock))


def _propose_shared(movers: list[int], proposals: Proposals, task: OdeTask, clock: Clock) -> None:
    """Adds sums of linear terms and of terms that the best sums of other components have.

    What leaves one state enters another. With noise, larger libraries hold many sums that explain as much.
    """
    linear = polynomials(task.n_variables, 1)
    noisy = [c for c in movers if task.typical_form(c).is_whitened]
    terms = {c: _terms_of_best(proposals[c], task.typical_form(c), task) for c in noisy}
    for component in noisy:
        others = dict.fromkeys(term for c in noisy if c != component for term in terms[c])
        if others and not clock.is_over:
            _propose(tuple(dict.fromkeys((*linear, *others))), [component], proposals, task, clock)


def _terms_of_best(lists: list[list[Fit]], weak: WeakForm, task: OdeTask) -> list[Expression]:
    """Terms of the shortest sums, without their factors."""
    best = sorted(itertools.chain.from_iterable(lists), key=lambda fit: weak_bits(fit, weak, task.settings))
    return list(dict.fromkeys(term for fit in best[:_N_SHARING] for term in terms_of_sum(fit.expression)))


def _with_factors_of_one(
    fits: list[Fit], weak: WeakForm, task: OdeTask, component: int, clock: Clock
) -> list[Fit]:
    """With sums whose factors near 1 are 1, as in many laws.

    From clean observations variations tell; of few equations many factors are near 1 by chance.
    """
    if not weak.is_whitened or weak.n_independent < task.settings.n_weak:
        return fits
    plain = dict.fromkeys(without_factors_of_one(fit.expression, _OFF_ONE) for fit in fits)
    new = [one for one in plain if all(one != fit.expression for fit in fits)]
    # Beside the others, not instead of some.
    return [*fits, *fit_constants(new, weak, component, task.settings.n_weak_steps, clock)]


def _is_explained(lists: list[list[Fit]]) -> bool:
    """Whether a sum leaves nothing, so that terms with inner constants need not be looked for."""
    return any(fit.residual < _EXACT for fits in lists for fit in fits)


def _is_explained_shortly(lists: list[list[Fit]], task: OdeTask) -> bool:
    """As `_is_explained`, by a sum that is no series of something else."""
    return any(
        fit.residual < _EXACT and simplify(fit.expression).complexity <= task.settings.short
        for fits in lists
        for fit in fits
    )


def _usable(fits: list[Fit], weak: WeakForm, task: OdeTask, component: int) -> list[Fit]:
    """The shortest of those that may be looked at."""
    allowed = [fit for fit in fits if task.allowed(component, [simplify(fit.expression)])]
    return shortest(allowed, weak, task.settings)


def driven_libraries(task: OdeTask, component: int, clock: Clock) -> Iterator[tuple[Expression, ...]]:
    """Terms of all variables but the time, the last, and the waves of it that fit best beside them.

    First cubic polynomials, then quadratic ones and waves of the others, then quadratic ones and waves of the
    time that the others are multiplied by.
    """
    n = task.n_variables - 1
    others = [variable(place) for place in range(n)]
    quadratic = polynomials(n, 2)
    kinds: list[tuple[tuple[Expression, ...], list[Expression]]] = [
        (polynomials(n, _DRIVEN_DEGREE), []),
        (quadratic + _waves(others), []),
        (quadratic, others),
    ]
    for terms, factors in kinds:
        waves = waves_of_time(task.weak_forms_of(component)[0], component, terms, n, clock, factors)
        yield (*terms, *waves)


def saturated_library(task: OdeTask, component: int, clock: Clock) -> tuple[Expression, ...]:
    """Quadratic polynomials, and fractions with the half-saturations that fit best."""
    n = task.n_variables - task.motion.has_time
    terms = polynomials(n, 2)
    weak = task.typical_form(component)
    found = saturations(weak, component, terms, range(n), clock)
    return (*terms, *found)


def _of_form(form: KnownForm, component: int, task: OdeTask, clock: Clock) -> list[list[Fit]]:
    """The best sums of terms for the parts of a form, a list for each library and width."""
    lists: list[list[Fit]] = []
    for weak in task.weak_forms_of(component):
        rest = weak.without(component, form.offset)
        target = rest.target[:, component]
        share = float(np.linalg.norm(target)) / (float(np.linalg.norm(weak.target[:, component])) or 1.0)
        for library in _libraries_of_form(form, rest, component, task, clock):
            if clock.is_over and lists:
                break
            clock.spend(_SECONDS + _SECONDS_A_TERM * len(library))
            table = rest.integrals(Program(library))
            fits = sparse_fits(table.T, target, library, task.settings)
            whole = [Fit(form.filled(fit.expression), fit.residual * share) for fit in fits]
            lists.append(_usable(whole, weak, task, component))
    return lists


def _libraries_of_form(
    form: KnownForm, rest: WeakForm, component: int, task: OdeTask, clock: Clock
) -> Iterator[list[Expression]]:
    """Terms with their factors: polynomials of rising degree, and then saturations beside quadratic ones."""
    space, highest = task.space.of_parts, max(task.settings.degrees)
    parts = list(enumerate(form.places))
    for degree in range(highest + 1):
        terms = [
            form.within(part, term.substitute(dict(enumerate(map(variable, places)))))
            for part, places in parts
            for term in polynomials(len(places), min(degree, _highest(len(places), task)))
            if space.allows(term)
        ]
        yield terms
        if degree == _BESIDE_SATURATIONS:
            fractions = [
                one
                for part, places in parts
                for one in saturations(rest, component, terms, places, clock, partial(form.within, part))
            ]
            if fractions:
                yield [*terms, *(one for one in fractions if space.allows(one))]


def _highest(n: int, task: OdeTask) -> int:
    """Degree of polynomials of so many variables."""
    degrees = task.settings.degrees
    return degrees[min(n, len(degrees)) - 1] if n else 0


def libraries(n_states: int, degrees: Sequence[int]) -> list[tuple[Expression, ...]]:
    """Libraries from small to large; each is tried on its own.

    Args:
        n_states: States that terms are made of.
        degrees: Of polynomials of one state, of two, and so on, the last one of more.
    """
    highest = degrees[min(n_states, len(degrees)) - 1]
    plain = [polynomials(n_states, degree) for degree in range(1, highest + 1)]
    quadratic = polynomials(n_states, 2)
    states = [variable(i) for i in range(n_states)]
    return [
        *plain,
        quadratic + _waves(states),
        quadratic + _roots_and_exponentials(states),
        polynomials(n_states, 1) + _inverse_powers(n_states),
    ]


def _waves(states: list[Expression]) -> tuple[Expression, ...]:
    """Periodic functions of states, of their differences, and times another state."""
    angles = [*states, *(apply("sub", a, b) for a, b in itertools.combinations(states, 2))]
    names = [o.name for o in OPERATORS.values() if o.varied and o.period]
    plain = [apply(name, angle) for angle in angles for name in names]
    products = [
        apply("mul", state, apply(name, angle))
        for state, angle in itertools.permutations(states, 2)
        for name in names
    ]
    return (*plain, *products)


def _roots_and_exponentials(states: list[Expression]) -> tuple[Expression, ...]:
    terms = []
    for state in states:
        size = apply("abs", state)
        terms += [apply("exp", apply("neg", state)), apply("exp", state), apply("sqrt", size)]
        terms += [apply("mul", state, apply("log", size)), apply("mul", state, size), apply("inv", state)]
    return tuple(terms)


def _inverse_powers(n_states: int) -> tuple[Expression, ...]:
    """Forces that fall with a distance, several of which may act, and shares of two states."""
    places = range(n_states)
    ratios = [apply("div", variable(a), variable(b)) for a, b in itertools.permutations(places, 2)]
    return (*(power(place, -float(n)) for place in places for n in _INVERSE), *ratios)
