"""What the user is told of a system that explains little, or of states that no system can explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.data.notes import tell
from nsr.ode.closure import cures, is_open
from nsr.ode.search import FoundSystem
from nsr.ode.task import OdeTask

Array = NDArray[np.float64]

# Shares of a state's variance: what noise leaves, times this; what integration and imperfect constants leave.
# Noise that leaves more than the last of these is told of, too.
_NOISE_FACTOR, _LEAST, _MOST_NOISE = 3.0, 1e-5, 0.5
# A state is explained poorly where the simulation of the whole leaves this share of its variance, and that of
# pieces this share of what constant rates leave, which chaos would not.
_MOST_UNEXPLAINED, _MOST_OF_BASELINE = 0.02, 0.1


def tell_doubts(task: OdeTask, chosen: FoundSystem, baseline: Array, names: tuple[str, ...]) -> None:
    """Tells of states that are not closed, and else of those that the chosen system explains poorly.

    Args:
        task: What was observed.
        chosen: The system that is reported.
        baseline: Share of each state's variance that constant rates leave on pieces, shape (D,).
        names: Of the states.
    """
    whole, pieces = chosen.fitted.unexplained, chosen.fitted.unexplained_on_pieces
    is_left = (pieces > np.maximum(_NOISE_FACTOR * _noise(task), _LEAST)) | (whole > _MOST_NOISE)
    if not is_left.any():
        return
    if is_open(task):
        tell(
            "the states are not closed: at times at which all of them are nearly equal they go on "
            "differently, so that no equations of these alone can be right; give "
            f"{'; or '.join(cures(task))}"
        )
        return
    is_poor = is_left & (whole > _MOST_UNEXPLAINED) & (pieces > _MOST_OF_BASELINE * baseline)
    if is_poor.any():
        poor = ", ".join(
            f"{share:.2g} of the variance of {name}"
            for name, share in zip(names, whole.tolist(), strict=True)
            if share > _MOST_UNEXPLAINED
        )
        tell(
            f"the best system leaves {poor} unexplained: give the search more time with time_limit; observe "
            f"more often, or more states; or give {'; or '.join(cures(task))}"
        )


def _noise(task: OdeTask) -> Array:
    """Share of each state's variance that smoothing takes away, shape (D,)."""
    off = np.concatenate([t.states - t.smoothed for t in task.trajectories])
    spread = np.var(np.concatenate([t.states for t in task.trajectories]), axis=0)
    return np.asarray(np.mean(off**2, axis=0) / np.where(spread > 0, spread, 1.0))
