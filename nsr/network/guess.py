"""The one-shot guess: data in, candidate equations out. Whoever asks the network asks here.

The network looks at several views of the data, each with its own draw of points and order of
variables: a mistake made in one view is seldom made in another, and the views are encoded as one
batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile, zip_longest
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operator_set import ALL_OPERATORS, OperatorSet
from nsr.expressions.simplify import simplify, strip_scale
from nsr.network.checkpoint import Pretrained

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

MAX_POINTS = 256
N_VIEWS = 8
# Share of the work for sampling; to make an expression of a sequence takes these seconds.
_SAMPLING_SHARE, _SECONDS_TO_READ = 0.7, 3e-4


def guess(
    pretrained: Pretrained,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    n_candidates: int = 1024,
    temperature: float = 1.0,
    seed: int = 0,
    operators: OperatorSet = ALL_OPERATORS,
    clock: Clock = Clock(),
) -> list[Expression]:
    """Asks the network for equations.

    Args:
        pretrained: The network and its tokenizer.
        X: Variables, shape (n_points, n_variables), finite, at most `max_variables` of them.
        y: Target, shape (n_points,), finite.
        n_candidates: Sequences to sample; fewer equations come back, as repeats are merged.
        temperature: Softmax temperature; higher is more varied.
        seed: Seed of the views and of the sampling.
        operators: Which of them the network may write.
        clock: What is not written and read when it is over is left out.

    Returns:
        Unrefined equations in the units of X and y, one per skeleton, the most often sampled first;
        each has a constant factor in front, as the network writes equations up to their scale.

    Raises:
        ValueError: If there are more variables than the network knows.
    """
    n_variables = X.shape[1]
    if n_variables > pretrained.config.max_variables:
        raise ValueError(
            f"the network knows {pretrained.config.max_variables} variables, the data have {n_variables}; "
            "choose the relevant ones"
        )
    rng = np.random.default_rng(seed)
    scaler = Scaler.fit(X, y)
    n_views = min(N_VIEWS, n_candidates)
    orders = [rng.permutation(n_variables) for _ in range(n_views)]
    views = _views(*scaler.transform(X, y), orders, rng)
    sampling = clock.share(_SAMPLING_SHARE)
    sequences = _sample_views(pretrained, *views, n_candidates, temperature, seed, operators, sampling)
    # Each view in turn, so that time that is short is short for all of them.
    ordered = zip_longest(
        *(((order, ids) for ids in view) for order, view in zip(orders, sequences, strict=True))
    )
    found = (pair for pairs in ordered for pair in pairs if pair is not None)
    in_time = takewhile(lambda _: not clock.is_over, _reported(found, clock))
    decoded = (_reordered(pretrained.tokenizer.decode(ids), order) for order, ids in in_time)
    return distinct(_with_scale(scaler, expression) for expression in decoded)


def _reported(sequences: Iterable[T], clock: Clock) -> Iterator[T]:
    """Tells the clock what it takes to make expressions of sequences."""
    for sequence in sequences:
        clock.spend(_SECONDS_TO_READ)
        yield sequence


def _with_scale(scaler: Scaler, expression: Expression) -> Expression:
    """The equation in the user's units, with one constant factor that stays even where it is 1."""
    return apply("mul", constant(scaler.y_scale), strip_scale(simplify(scaler.undo_variables(expression))))


def _views(
    X: NDArray[np.float32], y: NDArray[np.float32], orders: list[NDArray[np.intp]], rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Stacks one table per view: X (n_views, n_points, n_variables) and y (n_views, n_points)."""
    import torch

    n_points = min(len(y), MAX_POINTS)
    rows = [rng.choice(len(y), n_points, replace=False) for _ in orders]
    tables = np.stack([X[r][:, order] for r, order in zip(rows, orders, strict=True)])
    return torch.from_numpy(tables), torch.from_numpy(np.stack([y[r] for r in rows]))


def _sample_views(
    pretrained: Pretrained,
    X: torch.Tensor,
    y: torch.Tensor,
    n_candidates: int,
    temperature: float,
    seed: int,
    operators: OperatorSet,
    clock: Clock,
) -> list[list[list[int]]]:
    import torch

    from nsr.network.decoding import sample

    model = pretrained.model
    device = next(model.parameters()).device
    n_variables = torch.full((len(X),), X.shape[2], device=device)
    with torch.inference_mode():
        return sample(
            model,
            pretrained.tokenizer,
            model.encode(X.to(device), y.to(device), n_variables),
            n_variables,
            n_samples=-(-n_candidates // len(X)),
            temperature=temperature,
            generator=torch.Generator(device=device).manual_seed(seed),
            operators=operators,
            clock=clock,
        )


def _reordered(expression: Expression, order: NDArray[np.intp]) -> Expression:
    return expression.substitute({view: variable(int(original)) for view, original in enumerate(order)})


def distinct(expressions: Iterable[Expression]) -> list[Expression]:
    """One expression per skeleton, the first seen of each, the most frequent skeleton first."""
    counts: Counter[Expression] = Counter()
    first: dict[Expression, Expression] = {}
    for expression in expressions:
        skeleton = expression.skeleton()
        counts[skeleton] += 1
        first.setdefault(skeleton, expression)
    return [first[skeleton] for skeleton, _ in counts.most_common()]
