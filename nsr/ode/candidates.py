"""Right-hand sides of each component: from all sources, and ranked by the weak form."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.simplify import simplify
from nsr.network.checkpoint import Pretrained
from nsr.ode.library import libraries
from nsr.ode.neural import smoothed
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_form import WIDTHS, Fit, WeakForm, sparse_fits
from nsr.ode.weak_refinement import refined
from nsr.refinement.description import expression_bits
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

Array = NDArray[np.float64]
# Asks a network for the right-hand sides of every component.
Ask = Callable[[Pretrained, Sequence[Trajectory], int, int, float], list[list[Expression]]]
# For each component, lists of fits; residuals within a list compare.
Places = list[list[list[Fit]]]

# Right-hand sides of a network whose constants are fitted to the weak form, and how the others fall out:
# by a fit to smoothed derivatives at so many points.
_N_ROUGH, _N_ROUGH_POINTS, _RESTARTS = 48, 150, 2
# Shares of the time that is left which asking the networks, and regression on libraries, may take.
_ASKING_SHARE, _SPARSE_SHARE = 0.3, 0.25
# Right-hand sides that are kept of each list.
_N_EACH = 4
# Weak equations that count as independent observations.
_N_WEAK = 60
_EXACT_RESIDUAL = 1e-6


def written(
    networks: Sequence[tuple[Ask, Pretrained]],
    trajectories: Sequence[Trajectory],
    weak_forms: Sequence[WeakForm],
    n_candidates: int,
    seed: int,
    deadline: float,
) -> Places:
    """The best right-hand sides of networks, for each component one list by network and width.

    Args:
        networks: Each with the way to ask it.
        trajectories: Observations.
        weak_forms: Of the observations, one of each width.
        n_candidates: Sequences to sample.
        seed: Of the sampling.
        deadline: Of `time.monotonic`; asking takes no more than its share of the time until then.
    """
    places: Places = [[] for _ in trajectories[0].states.T]
    states, slopes = smoothed(trajectories)
    for place, (ask, network) in enumerate(networks):
        now = time.monotonic()
        until = now + _ASKING_SHARE * (deadline - now) / (len(networks) - place)
        answers = ask(network, trajectories, n_candidates, seed, until)
        for component, expressions in enumerate(answers):
            best = _rough(expressions, states, slopes[:, component])
            for weak in weak_forms:
                places[component].append(_shortest(refined(best, weak, component)))
    return places


def sparse(n_states: int, weak_forms: Sequence[WeakForm], deadline: float) -> Places:
    """Sums of terms: for each component the best few of every library and width.

    Residuals of different widths do not compare, so each width has its own list.

    Args:
        n_states: Number of components.
        weak_forms: Of the observations, one of each width.
        deadline: Of `time.monotonic`; after its share of the time until then no further library is tried if
            there is something.
    """
    places: Places = [[] for _ in range(n_states)]
    now = time.monotonic()
    end = now + _SPARSE_SHARE * (deadline - now)
    for library, weak in itertools.product(libraries(n_states), weak_forms):
        if time.monotonic() > end and all(places):
            break
        for place, fits in zip(places, sparse_fits(weak, library), strict=True):
            place.append(_shortest(fits))
    return places


def distinct(lists: list[list[Fit]]) -> list[Expression]:
    """All right-hand sides, those that lead their lists first; of those with the same terms, three."""
    seen: dict[object, int] = {}
    result = []
    for fit in itertools.chain.from_iterable(itertools.zip_longest(*lists)):
        if fit is None:
            continue
        skeleton = fit.expression.skeleton()
        seen[skeleton] = seen.get(skeleton, 0) + 1
        if seen[skeleton] <= len(WIDTHS):
            result.append(simplify(fit.expression))
    return result


def ranked(
    expressions: Sequence[Expression], weak_forms: Sequence[WeakForm], component: int
) -> list[Expression]:
    """The shortest descriptions first, on average over all widths."""
    if not expressions:
        return []
    program = Program(list(expressions))
    bits = np.zeros(len(expressions))
    for weak in weak_forms:
        target = weak.target[:, component]
        residuals = np.linalg.norm(weak.integrals(program) - target, axis=1) / (np.linalg.norm(target) or 1.0)
        residuals = np.where(np.isfinite(residuals), residuals, math.inf)
        bits += [_weak_bits(Fit(e, r)) for e, r in zip(expressions, residuals.tolist(), strict=True)]
    return [expressions[place] for place in np.argsort(bits, kind="stable")]


def _rough(expressions: Sequence[Expression], states: Array, slopes: Array) -> list[Expression]:
    """Those expressions that fit smoothed derivatives best, with constants that do."""
    if not expressions:
        return []
    program = Program(list(expressions))
    fitted = refine(
        program, Task(states, slopes, SQUARED_ERROR), Effort(restarts=_RESTARTS, points=_N_ROUGH_POINTS)
    )
    size, n_points = float(np.var(slopes)) or 1.0, len(slopes)
    bits = {
        expression: 0.5 * n_points * math.log2(max(loss / size, _EXACT_RESIDUAL**2))
        + expression_bits(expression, n_points)
        for expression, loss in zip(
            program.expressions_with(fitted.constants), fitted.loss.tolist(), strict=True
        )
        if loss < math.inf and np.all(np.isfinite(expression.constants))
    }
    return sorted(bits, key=bits.__getitem__)[:_N_ROUGH]


def _shortest(fits: list[Fit]) -> list[Fit]:
    return sorted(fits, key=_weak_bits)[:_N_EACH]


def _weak_bits(fit: Fit) -> float:
    return _N_WEAK * math.log2(max(fit.residual, _EXACT_RESIDUAL)) + expression_bits(fit.expression, _N_WEAK)
