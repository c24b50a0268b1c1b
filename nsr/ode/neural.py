"""Right-hand sides that networks write: one that knows systems, and one that knows functions."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.scaling import Scaler
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.simplify import simplify, strip_scale
from nsr.network.beams import sample_distinct
from nsr.network.checkpoint import Pretrained, from_pretrained
from nsr.network.guess import distinct, guess
from nsr.ode.description import LOSS, description_bits
from nsr.ode.ranking import shortest
from nsr.ode.slopes import Slopes, as_targets, local_slopes
from nsr.ode.stage import Proposals, Stage
from nsr.ode.task import OdeTask
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_refinement import fit_constants
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Networks:
    """Which networks are asked, and for how much.

    Attributes:
        systems: Name or folder of the checkpoint that knows systems.
        functions: The same of the one that knows functions.
        n_candidates: Sequences that are sampled from each, for each component of the second.
        device: Where they run, as `nsr.network.devices.find_device` takes it.
    """

    systems: str
    functions: str
    n_candidates: int
    device: str


class _NetworkStage(Stage):
    """What both networks have in common: answers are fitted to the weak form."""

    def __init__(self, pretrained: Pretrained, n_candidates: int) -> None:
        self._pretrained, self._n_candidates = pretrained, n_candidates

    @abstractmethod
    def answers(self, task: OdeTask, clock: Clock) -> list[list[Expression]]:
        """What the network writes, for each component."""

    def propose(self, task: OdeTask, clock: Clock) -> Proposals:
        """As `Stage.propose`: for each component one list for each width."""
        answers = self.answers(task, clock.share(task.settings.asking_share))
        proposals: Proposals = [[] for _ in range(task.n_states)]
        clock = clock.share(task.settings.fitting_share)
        for component, expressions in enumerate(answers):
            best = _best_roughly(task.suited(component, expressions), task, component, clock)
            for weak in task.weak_forms_of(component) if best else []:
                fits = fit_constants(best, weak, component, task.settings.n_weak_steps, clock)
                proposals[component].append(shortest(fits, weak, task.settings))
        return proposals


class SystemsStage(_NetworkStage):
    """The network that knows systems; a checkpoint that cannot be used is refused before a search."""

    def __init__(self, networks: Networks) -> None:
        pretrained = from_pretrained(networks.systems, networks.device, knows="systems")
        super().__init__(pretrained, networks.n_candidates)

    def answers(self, task: OdeTask, clock: Clock) -> list[list[Expression]]:
        """As `by_systems`."""
        return by_systems(self._pretrained, task, self._n_candidates, clock)


class FunctionsStage(_NetworkStage):
    """The network that knows functions, asked for each derivative; refused as that for systems is."""

    def __init__(self, networks: Networks) -> None:
        pretrained = from_pretrained(networks.functions, networks.device, knows="functions")
        super().__init__(pretrained, networks.n_candidates)

    def answers(self, task: OdeTask, clock: Clock) -> list[list[Expression]]:
        """As `by_functions`."""
        return by_functions(self._pretrained, task, self._n_candidates, clock)


def by_systems(
    pretrained: Pretrained, task: OdeTask, n_candidates: int, clock: Clock
) -> list[list[Expression]]:
    """Asks a network that knows systems.

    Each view draws its own rows and order of states, as in `nsr.network.guess`. Velocities that nobody has
    observed, inputs and the time are further states to the network; it is not asked about maps.

    Args:
        pretrained: The network and its tokenizer.
        task: What was observed.
        n_candidates: Systems to sample.
        clock: Systems that have not ended when it is over are left out.

    Returns:
        For each component, right-hand sides, one per skeleton, each with a constant factor in front; none if
        the network knows fewer states.
    """
    n_shown, found = task.n_variables, [list[Expression]() for _ in range(task.n_states)]
    if n_shown > pretrained.config.max_variables or clock.is_over or task.motion.is_discrete:
        return found
    rng = np.random.default_rng(task.seed)
    orders = [rng.permutation(n_shown) for _ in range(min(task.settings.n_views, n_candidates))]
    views = [_rows(task.trajectories, task.settings.n_view_rows, rng) for _ in orders]
    scaler = Scaler.fit(np.concatenate([t.variables for t in task.trajectories]), np.ones(1))
    size = np.sqrt(np.mean(np.concatenate([view.slopes[0] for view in views]) ** 2, axis=0))
    n_samples = -(-n_candidates // len(orders))
    sequences = _sampled(pretrained, views, orders, scaler.x_scale, n_samples, task, clock)
    # The rates of velocities are what is looked for where these are states.
    first = task.motion.n_coordinates(task.n_states) - task.n_states
    for order, systems in zip(orders, sequences, strict=True):
        renamed = {place: variable(int(state)) for place, state in enumerate(order)}
        for ids in systems:
            components = pretrained.tokenizer.decode_system(ids)
            for place, component in zip(order.tolist(), components, strict=True):
                if first <= place < first + task.n_states:
                    body = strip_scale(simplify(scaler.undo_variables(component.substitute(renamed))))
                    found[place - first].append(apply("mul", constant(float(size[place]) or 1.0), body))
    return [distinct(expressions) for expressions in found]


def by_functions(
    pretrained: Pretrained, task: OdeTask, n_candidates: int, clock: Clock
) -> list[list[Expression]]:
    """Asks a network that knows functions for each derivative as a function of the states.

    Args:
        pretrained: The network and its tokenizer.
        task: What was observed.
        n_candidates: Sequences to sample for each component.
        clock: Shared by the components; sequences that have not ended when it is over are left out.

    Returns:
        As `by_systems`.
    """
    states, slopes = task.smoothed
    found: list[list[Expression]] = [[] for _ in slopes.T]
    if states.shape[1] > pretrained.config.max_variables:
        return found
    movers = np.flatnonzero(task.is_sought)
    for place, component in enumerate(movers.tolist()):
        if clock.is_over:
            break
        found[component] = guess(
            pretrained,
            states,
            slopes[:, component],
            n_candidates=n_candidates,
            seed=task.seed,
            operators=task.space.operators,
            clock=clock.share(1 / (len(movers) - place)),
        )
    return found


def _best_roughly(
    expressions: Sequence[Expression], task: OdeTask, component: int, clock: Clock
) -> list[Expression]:
    """Those expressions that fit smoothed derivatives best, with constants that do."""
    if not expressions or clock.is_over:
        return []
    settings, (states, slopes) = task.settings, task.smoothed
    target = slopes[:, component]
    program = Program(list(expressions))
    observed = Task(states, target, LOSS, seed=task.seed)
    fitted = refine(
        program,
        observed,
        Effort(restarts=settings.n_rough_starts, points=settings.n_rough_points),
        clock,
    )
    size = observed.null_loss or 1.0
    bits = {
        expression: description_bits([expression], [loss / size], observed.n_rows, settings.least_residual**2)
        for expression, loss in zip(
            program.expressions_with(fitted.constants), fitted.loss.tolist(), strict=True
        )
        if loss < math.inf and np.all(np.isfinite(expression.constants))
    }
    return sorted(bits, key=bits.__getitem__)[: settings.n_rough]


def _rows(trajectories: Sequence[Trajectory], n_rows: int, rng: np.random.Generator) -> Slopes:
    """Slopes of all trajectories as one row of a batch, each with its share of the rows."""
    n_each = -(-n_rows // len(trajectories))
    parts = [local_slopes(t.times[None], t.variables[None], n_each, rng) for t in trajectories]
    return Slopes(*(np.concatenate([getattr(p, name) for p in parts], axis=1) for name in vars(parts[0])))


@torch.inference_mode()
def _sampled(
    pretrained: Pretrained,
    views: Sequence[Slopes],
    orders: Sequence[NDArray[np.int64]],
    scale: Array,
    n_samples: int,
    task: OdeTask,
    clock: Clock,
) -> list[list[list[int]]]:
    """Token sequences of systems for each view."""
    model = pretrained.model
    device = next(model.parameters()).device
    n_states, width = len(scale), pretrained.config.max_variables
    X = np.zeros((len(views), views[0].states.shape[1], n_states), np.float32)
    y = np.zeros((*X.shape[:2], 1 + width), np.float32)
    for place, (view, order) in enumerate(zip(views, orders, strict=True)):
        X[place] = (view.states[0] / scale)[:, order]
        y[place, :, [0, *(1 + np.arange(n_states))]] = as_targets(view)[0][:, [0, *(1 + order)]].T
    counts = torch.full((len(views),), n_states, device=device)
    memory = model.encode(torch.from_numpy(X).to(device), torch.from_numpy(y).to(device), counts)
    generator = torch.Generator(device=device).manual_seed(task.seed)
    return sample_distinct(
        model,
        pretrained.tokenizer,
        memory,
        counts,
        n_samples=n_samples,
        generator=generator,
        n_components=counts,
        operators=task.space.operators,
        clock=clock,
    )
