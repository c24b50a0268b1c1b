"""The one-shot guess: data in, candidate equations out. Whoever asks the network asks here.

The network looks at several views of the data, each with its own draw of points and order of
variables: a mistake made in one view is seldom made in another, and the views are encoded as one
batch.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

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
    temperature: float = 0.7,
    seed: int = 0,
    operators: OperatorSet = ALL_OPERATORS,
    clock: Clock = Clock(),
) -> list[Expression]:
    """Asks the network for equations.

    Args:
        pretrained: The network and its tokenizer.
        X: Variables, shape (n_points, n_variables), finite, at most `max_variables` of them.
        y: Target, shape (n_points,), finite.
        n_candidates: Sequences to sample, none of them twice in a view; fewer equations come back, as views
            repeat each other, and some say the same.
        temperature: Softmax temperature; higher is more varied. Of 198 development problems 131 are
            recovered with 0.7, 129 with 0.5 and with 1; with 0.5 plain laws were missing of 256 candidates.
        seed: Seed of the views and of the sampling.
        operators: Which of them the network may write.
        clock: What is not written and read when it is over is left out.

    Returns:
        Unrefined equations in the units of X and y, one per skeleton, those of most views first;
        each has a constant factor in front, as the network writes equations up to their scale.

    Raises:
        ValueError: If there are more variables than the network knows.
    """
    from nsr.network.beams import sample_distinct

    clock.note_loading()
    views = _Views.of(pretrained, X, y, min(N_VIEWS, n_candidates), seed)
    options = {"temperature": temperature, "operators": operators, "clock": clock.share(_SAMPLING_SHARE)}
    sequences = views.sampled(sample_distinct, pretrained, n_candidates, seed, **options)
    # Each view in turn, so that time that is short is short for all of them.
    ordered = zip_longest(
        *(((order, ids) for ids in view) for order, view in zip(views.orders, sequences, strict=True))
    )
    found = (pair for pairs in ordered for pair in pairs if pair is not None)
    in_time = takewhile(lambda _: not clock.is_over, _reported(found, clock))
    decoded = (_reordered(pretrained.tokenizer.decode(ids), order) for order, ids in in_time)
    return distinct(_with_scale(views.scaler, expression) for expression in decoded)


def likely(
    pretrained: Pretrained,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    n_candidates: int = 256,
    seed: int = 0,
) -> list[tuple[Expression, float]]:
    """The network's guesses, each with the probability that the network gives to its form.

    Args:
        pretrained: The network and its tokenizer.
        X: Variables, shape (n_points, n_variables), finite, at most `max_variables` of them.
        y: Target, shape (n_points,), finite.
        n_candidates: Sequences to sample.
        seed: Seed of the views and of the sampling.

    Returns:
        Equations as `guess` gives them, and probabilities, the likeliest first. A form's is the mean over
        views of the sum over those of its sequences that were sampled, which differ in constants and order:
        what the form has at least.

    Raises:
        ValueError: If there are more variables than the network knows.
    """
    from nsr.network.decoding import sample

    views = _Views.of(pretrained, X, y, min(N_VIEWS, n_candidates), seed)
    sequences = views.sampled(sample, pretrained, n_candidates, seed)
    logs = _log_probabilities(pretrained, views, sequences)
    found = [
        (_with_scale(views.scaler, _reordered(pretrained.tokenizer.decode(ids), order)), math.exp(log))
        for order, own, of_own in zip(views.orders, sequences, logs, strict=True)
        for ids, log in zip(own, of_own, strict=True)
    ]
    probabilities: dict[Expression, float] = defaultdict(float)
    for expression, probability in found:
        probabilities[expression.skeleton()] += probability / len(views.orders)
    pairs = [(e, probabilities[e.skeleton()]) for e in distinct(e for e, _ in found)]
    return sorted(pairs, key=lambda pair: -pair[1])


def _reported(sequences: Iterable[T], clock: Clock) -> Iterator[T]:
    """Tells the clock what it takes to make expressions of sequences."""
    for sequence in sequences:
        clock.spend(_SECONDS_TO_READ)
        yield sequence


def _with_scale(scaler: Scaler, expression: Expression) -> Expression:
    """The equation in the user's units, with one constant factor that stays even where it is 1."""
    return apply("mul", constant(scaler.y_scale), strip_scale(simplify(scaler.undo_variables(expression))))


@dataclass(frozen=True)
class _Views:
    """What the network sees of a table, several times.

    Attributes:
        scaler: Of the table.
        orders: Of the variables, in each view.
        memory: What the encoder made of each view, shape (n_views, n_latents, d_model).
        n_variables: Of the table, shape (n_views,).
    """

    scaler: Scaler
    orders: list[NDArray[np.intp]]
    memory: torch.Tensor
    n_variables: torch.Tensor

    @classmethod
    def of(
        cls, pretrained: Pretrained, X: NDArray[np.float64], y: NDArray[np.float64], n_views: int, seed: int
    ) -> _Views:
        """Views of a table; see `guess`."""
        import torch

        n_variables = X.shape[1]
        pretrained.check_variables(n_variables)
        rng = np.random.default_rng(seed)
        scaler = Scaler.fit(X, y)
        orders = [rng.permutation(n_variables) for _ in range(n_views)]
        n_points = min(len(y), MAX_POINTS)
        rows = [rng.choice(len(y), n_points, replace=False) for _ in orders]
        scaled_X, scaled_y = scaler.transform(X, y)
        tables = np.stack([scaled_X[r][:, order] for r, order in zip(rows, orders, strict=True)])
        targets = np.stack([scaled_y[r] for r in rows])
        model = pretrained.model
        device = next(model.parameters()).device
        present = torch.full((n_views,), n_variables, device=device)
        with torch.inference_mode():
            memory = model.encode(
                torch.from_numpy(tables).to(device), torch.from_numpy(targets).to(device), present
            )
        return cls(scaler, orders, memory, present)

    def sampled(
        self,
        sampler: Callable[..., list[list[list[int]]]],
        pretrained: Pretrained,
        n_candidates: int,
        seed: int,
        **options: Any,
    ) -> list[list[list[int]]]:
        """Sequences of each view, as many of one as of another, by a sampler with options of its own."""
        import torch

        return sampler(
            pretrained.model,
            pretrained.tokenizer,
            self.memory,
            self.n_variables,
            n_samples=-(-n_candidates // len(self.orders)),
            generator=torch.Generator(device=self.memory.device).manual_seed(seed),
            **options,
        )


def _log_probabilities(
    pretrained: Pretrained, views: _Views, sequences: list[list[list[int]]]
) -> list[list[float]]:
    """Of each view's sequences, ends included, in nats."""
    import torch

    tokenizer = pretrained.tokenizer
    results = []
    for memory, own in zip(views.memory, sequences, strict=True):
        longest = max(map(len, own), default=0) + 2
        tokens = torch.full((len(own), longest), tokenizer.pad_id, device=memory.device)
        for row, ids in enumerate(own):
            tokens[row, : len(ids) + 2] = torch.tensor([tokenizer.bos_id, *ids, tokenizer.eos_id])
        with torch.inference_mode():
            logits = pretrained.model.decode(memory.expand(len(own), -1, -1), tokens[:, :-1])
        logs = logits.float().log_softmax(-1).gather(2, tokens[:, 1:, None])[..., 0]
        results.append((logs * (tokens[:, 1:] != tokenizer.pad_id)).sum(1).tolist())
    return results


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
