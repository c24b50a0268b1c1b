"""Systems near the best one so far: terms of its right-hand sides give way to others that were thought of.

In clean observations the right terms are often all there, but in different sums, as each stage has its own:
the fractions of one beside the powers of another. One exchange away from what is nearly exact they meet.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence

import numpy as np

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.expressions.monomials import without_factors_of_one
from nsr.expressions.simplify import simplify
from nsr.ode.exchanged import exchanged_sums, terms_of
from nsr.ode.fitting import Fitting
from nsr.ode.forms import distinct_forms, form, forms
from nsr.ode.library import libraries
from nsr.ode.motion import System
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import weak_bits
from nsr.ode.weak_refinement import fit_constants

# Times that this is done, each from the best system of the one before.
_N_ROUNDS = 4
# Right-hand sides of each component whose terms are taken, of these those that are begun with, exchanges that
# are kept, right-hand sides that are combined, the same of more components than so many, and systems fitted.
_N_PROPOSED, _N_BEGUN, _N_KEPT, _N_EACH, _N_OF_MANY, _MANY, _N_FITTED = 60, 3, 40, 6, 3, 3, 8
# By how much a factor of a term may differ from 1 if one of 1 is tried in its place.
_OFF_ONE = 0.02
# Combinations that are looked at; of more states some are not.
_MOST_COMBINATIONS = 5_000
# Right-hand sides, and by how many bits each is longer than a system's own.
_Ranked = list[tuple[float, Expression]]


def fit_exchanges(
    task: OdeTask, proposed: Sequence[Sequence[Expression]], fitting: Fitting, clock: Clock
) -> None:
    """Fits systems near the best one that should be better, until none is; with noise none.

    There chance would choose among so many: of 78 fits with 5 % noise as many generalised without it.

    Args:
        task: What was observed.
        proposed: Right-hand sides of each component, the most promising first.
        fitting: Has the best system, and takes others.
        clock: When it is over nothing more is tried.
    """
    if task.is_noisy or (task.motion.is_discrete and not fitting.fitted[0].is_exact):
        return
    options = [distinct_forms(own)[:_N_PROPOSED] for own in proposed]
    for _ in range(_N_ROUNDS):
        best = fitting.fitted[0]
        if clock.is_over or fitting.is_certain:
            return
        ranked = dict[int, _Ranked]()
        for place in np.flatnonzero(task.is_sought).tolist():
            near = _exchanges(best.system, place, options[place], task, clock)
            ranked[place] = _ranked(best.system[place], [*near, *options[place]], place, task, clock)
            options[place] = [one for _, one in ranked[place][:_N_PROPOSED]]
        tried = {forms(one.system) for one in fitting.fitted}
        systems = [one for one in _combined(best.system, ranked) if forms(one) not in tried]
        if systems:
            fitting.fit(systems[:_N_FITTED], clock)
        if fitting.fitted[0] is best:
            return


def _exchanges(
    system: System, component: int, proposed: Sequence[Expression], task: OdeTask, clock: Clock
) -> list[Expression]:
    """Sums one exchange away from a component and the most promising others, also with factors of 1."""
    plain = itertools.chain(*libraries(task.n_variables, task.settings.degrees))
    known = (term for one in (*system, *proposed) for term in terms_of(one))
    library = [term for term in dict.fromkeys((*plain, *known)) if task.allows_term(component, term)]
    begun = [system[component], *proposed[:_N_BEGUN]]
    found = exchanged_sums(
        task.typical_form(component), component, begun, library, task.settings, _N_KEPT, clock
    )
    plainer = (without_factors_of_one(one, _OFF_ONE) for one in found)
    return task.suited(component, dict.fromkeys((*found, *plainer)))


def _ranked(
    own: Expression, others: Sequence[Expression], component: int, task: OdeTask, clock: Clock
) -> _Ranked:
    """Right-hand sides with constants that fit, one of each form, the shortest description first."""
    weak, s = task.typical_form(component), task.settings
    least = min((weak_bits(fit, weak, s) for fit in fit_constants([own], weak, component, 0)), default=0.0)
    fits = fit_constants(others, weak, component, s.n_weak_steps, clock)
    pairs = ((weak_bits(fit, weak, s) - least, simplify(fit.expression)) for fit in fits)
    first: dict[Hashable, tuple[float, Expression]] = {}
    for pair in sorted(pairs, key=lambda pair: pair[0]):
        first.setdefault(form(pair[1]), pair)
    first.pop(form(own), None)
    return [pair for pair in first.values() if task.suited(component, [pair[1]])]


def _combined(system: System, ranked: dict[int, _Ranked]) -> list[System]:
    """Systems with other components, those that should be shortest first."""
    n = _N_EACH if len(system) <= _MANY else _N_OF_MANY
    choices = [[(0.0, one), *ranked.get(place, [])[:n]] for place, one in enumerate(system)]
    combinations = itertools.islice(itertools.product(*choices), 1, _MOST_COMBINATIONS)
    whole = [(sum(bits for bits, _ in own), tuple(one for _, one in own)) for own in combinations]
    return [one for _, one in sorted(whole, key=lambda pair: pair[0])]
