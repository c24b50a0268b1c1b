"""What the network looked at: what a sequence's log likelihood would lose without parts of the table.

The encoder reads the bits of numbers, by whose values nothing can be differentiated. But each row has a
weight in the attention of the latents, with which it fades out until it is left out. The derivative by that
weight is the first-order estimate of what is lost without the row, as in the infinitesimal jackknife (Jaeckel
1972; Koh and Liang, arXiv:1703.04730), from one backward pass instead of one forward pass for each row.
Columns and single numbers do not fade: other values of the same column take their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression
from nsr.expressions.simplify import simplify, strip_scale
from nsr.network.checkpoint import Pretrained

if TYPE_CHECKING:
    from torch import Tensor

    from nsr.network.model import Model

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]

# Changed tables that are read together; shuffles of each column and other values of each number to average.
_BATCH, _N_SHUFFLES, _N_VALUES = 32, 4, 2


@dataclass(frozen=True, eq=False)
class Reader:
    """A network that reads one table, and tells how likely it is to write a sequence of tokens.

    Attributes:
        pretrained: The network and its tokenizer.
        scaler: Of the table; it stays the same whatever is changed.
        X: Scaled variables, shape (P, D).
        y: Scaled target, shape (P,).
    """

    pretrained: Pretrained
    scaler: Scaler
    X: Array32
    y: Array32

    @classmethod
    def of(cls, pretrained: Pretrained, X: Array, y: Array) -> Reader:
        """For X, shape (P, D), and y, shape (P,), both finite.

        Raises:
            ValueError: If there are more variables than the network knows.
        """
        pretrained.check_variables(X.shape[1])
        scaler = Scaler.fit(X, y)
        return cls(pretrained, scaler, *scaler.transform(X, y))

    def sequence(self, expression: Expression) -> list[int]:
        """Token ids of an equation of the table as the network writes it: up to its scale.

        Raises:
            ValueError: If the network has no token for a part of it, or it is longer than the network writes.
        """
        own = self.pretrained.tokenizer.encode(strip_scale(simplify(self.scaler.scaled(expression))))
        most = self.pretrained.config.max_length - 1
        if len(own) > most:
            raise ValueError(f"the equation has {len(own)} tokens, and the network writes {most} at most")
        return own

    def words(self, sequence: Sequence[int]) -> tuple[str, ...]:
        """A sequence of token ids as words, with its end."""
        tokenizer = self.pretrained.tokenizer
        return tuple(tokenizer.vocabulary[token] for token in (*sequence, tokenizer.eos_id))

    def logs(self, sequence: Sequence[int]) -> Array:
        """Log probability of each token, the end included, in nats, shape (L,)."""
        return next(self._read([(self.X, self.y, np.ones(len(self.y), np.float32))], sequence))

    def of_rows(self, sequence: Sequence[int]) -> Array:
        """What each token's log probability loses without a row, to first order, shape (L, P)."""
        import torch

        weights = torch.ones(1, len(self.y), requires_grad=True)
        X, y = torch.from_numpy(self.X)[None], torch.from_numpy(self.y)[None]
        with torch.enable_grad():
            logs = self._logs(X, y, weights, sequence)[0]
            found = [torch.autograd.grad(log, weights, retain_graph=True)[0][0] for log in logs]
        return np.asarray(torch.stack(found).double().numpy())

    def without_rows(self, sequence: Sequence[int]) -> Array:
        """What `of_rows` estimates, by one reading without each row, shape (L, P)."""
        n = len(self.y)
        changed = ((self.X, self.y, (np.arange(n) != row).astype(np.float32)) for row in range(n))
        return self._lost(changed, sequence).T

    def without_columns(self, sequence: Sequence[int], rng: np.random.Generator) -> Array:
        """What each token's log probability loses, on average, where a column is shuffled, shape (L, D)."""
        n, n_columns = self.X.shape
        orders = [(column, rng.permutation(n)) for column in range(n_columns) for _ in range(_N_SHUFFLES)]
        lost = self._lost((self._with(column, slice(None), order) for column, order in orders), sequence)
        return np.asarray(lost.reshape(n_columns, _N_SHUFFLES, -1).mean(axis=1).T)

    def without_cells(self, sequence: Sequence[int], rng: np.random.Generator) -> Array:
        """What the log likelihood loses, on average, where a number is one of another row, shape (P, D)."""
        n, n_columns = self.X.shape
        cells = [(r, c) for r in range(n) for c in range(n_columns) for _ in range(_N_VALUES)]
        others = rng.integers(1, n, len(cells))
        changed = (self._with(c, r, (r + k) % n) for (r, c), k in zip(cells, others, strict=True))
        lost = self._lost(changed, sequence).sum(axis=1)
        return np.asarray(lost.reshape(n, n_columns, _N_VALUES).mean(axis=2))

    def _with(
        self, column: int, rows: int | slice, sources: NDArray[np.intp] | int
    ) -> tuple[Array32, Array32, Array32]:
        """The table with values of some rows of a column taken from other rows."""
        X = self.X.copy()
        X[rows, column] = self.X[sources, column]
        return X, self.y, np.ones(len(self.y), np.float32)

    def _lost(self, tables: Iterator[tuple[Array32, Array32, Array32]], sequence: Sequence[int]) -> Array:
        """What tokens' log probabilities lose in each of B changed tables, shape (B, L)."""
        return self.logs(sequence) - np.array(list(self._read(tables, sequence)), dtype=np.float64)

    def _read(
        self, tables: Iterable[tuple[Array32, Array32, Array32]], sequence: Sequence[int]
    ) -> Iterator[Array]:
        """Log probabilities of the tokens, shape (L,), in each of the tables (X, y and weights of rows)."""
        import torch

        remaining = iter(tables)
        while some := list(islice(remaining, _BATCH)):
            X, y, weights = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*some, strict=True))
            with torch.no_grad():
                yield from self._logs(X, y, weights, sequence).double().numpy()

    def _logs(self, X: Tensor, y: Tensor, weights: Tensor, sequence: Sequence[int]) -> Tensor:
        """Log probabilities of the tokens and of the end, shape (B, L), in B tables."""
        import torch

        tokenizer, n = self.pretrained.tokenizer, len(X)
        memory = self._model.encode(X, y, torch.full((n,), self.X.shape[1]), weights)
        tokens = torch.tensor([tokenizer.bos_id, *sequence, tokenizer.eos_id]).expand(n, -1)
        logs = self._model.decode(memory, tokens[:, :-1]).log_softmax(-1)
        return logs.gather(2, tokens[:, 1:, None])[..., 0]

    @cached_property
    def _model(self) -> Model:
        """The network in float32: what a single row is worth is lost in shorter numbers."""
        return deepcopy(self.pretrained.model).to("cpu").float()
