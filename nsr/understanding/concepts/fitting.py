"""`nsr.concepts.fit`: the few numbers that observations come down to where certain questions are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.feature_selection import mutual_info_regression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from nsr.regressor import SymbolicRegressor
from nsr.understanding.concepts.network import BottleneckNetwork, Training, nats, trained
from nsr.understanding.explained import Explained, explain, r_squared

Array = NDArray[np.float64]

_SHARE_UNSEEN, _LEAST_ROWS = 0.2, 20
# Nats that a latent has to carry in order to count.
_LEAST_NATS = 0.1
_N_NEIGHBOURS = 10


@dataclass(frozen=True, eq=False)
class Concepts:
    """What observations come down to.

    Attributes:
        network: Encoder and decoder, on standardised numbers.
        skill: Share of the variance of answers that it explains about observations that it has not seen.
        nats: What each latent carries at most, shape (n_latents,).
        scaler: Of observations.
    """

    network: BottleneckNetwork
    skill: float
    nats: Array
    scaler: StandardScaler

    @property
    def active(self) -> list[int]:
        """Latents that carry information, those with most first."""
        return [int(place) for place in np.argsort(-self.nats) if self.nats[place] > _LEAST_NATS]

    def latents(self, observations: ArrayLike) -> Array:
        """Active latents, shape (n, n_active), of observations, shape (n, n_observed)."""
        with torch.no_grad():
            mean, _ = self.network.encoded(_tensor(self.scaler.transform(np.asarray(observations))))
        return np.asarray(mean.double().numpy()[:, self.active])

    def information(self, observations: ArrayLike, quantities: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
        """Mutual information of active latents with known quantities, in nats, by nearest neighbours.

        Args:
            observations: Shape (n, n_observed).
            quantities: What is known of the same observations, shape (n, n_quantities).
            seed: Of the estimator, which breaks ties by noise.

        Returns:
            A row for each active latent, a column for each quantity.
        """
        if not self.active:
            return pd.DataFrame(columns=quantities.columns, index=pd.Index([], name="latent"))
        latents = self.latents(observations)
        found = {
            name: mutual_info_regression(latents, quantities[name], random_state=seed)
            for name in quantities.columns
        }
        return pd.DataFrame(found, index=pd.Index(self.active, name="latent"))

    def recovered(self, observations: ArrayLike, quantities: pd.DataFrame) -> pd.Series:
        """Share of each quantity's variance that latents together tell, by nearest neighbours.

        Args:
            observations: Shape (n, n_observed).
            quantities: What is known of the same observations, shape (n, n_quantities).
        """
        if not self.active:
            return pd.Series(0.0, index=quantities.columns)
        latents, nearest = self.latents(observations), KNeighborsRegressor(_N_NEIGHBOURS, weights="distance")
        shares = [cross_val_score(nearest, latents, quantities[name]).mean() for name in quantities.columns]
        return pd.Series(shares, index=quantities.columns)

    def equations(
        self,
        observations: ArrayLike,
        quantities: pd.DataFrame,
        estimator: SymbolicRegressor | None = None,
        n_rows: int = 1000,
        seed: int = 0,
    ) -> dict[int, Explained]:
        """Each active latent as an equation of known quantities.

        A latent may be any invertible map of what it stands for; `inverses` may be much plainer.

        Args:
            observations: Shape (n, n_observed).
            quantities: What is known of the same observations, shape (n, n_quantities).
            estimator: How to search; it is cloned for each latent.
            n_rows: Most rows for each equation, a quarter of which judges it.
            seed: Of the draw of rows.
        """
        columns = zip(self.active, self.latents(observations).T, strict=True)
        return {place: explain(quantities, values, estimator, n_rows, seed) for place, values in columns}

    def inverses(
        self,
        observations: ArrayLike,
        quantities: pd.DataFrame,
        estimator: SymbolicRegressor | None = None,
        n_rows: int = 1000,
        seed: int = 0,
    ) -> dict[str, Explained]:
        """Each known quantity as an equation of active latents, which are called `latent_0` and so on.

        Args:
            observations: Shape (n, n_observed).
            quantities: What is known of the same observations, shape (n, n_quantities).
            estimator: How to search; it is cloned for each quantity.
            n_rows: Most rows for each equation, a quarter of which judges it.
            seed: Of the draw of rows.
        """
        if not self.active:
            return {}
        names = [f"latent_{place}" for place in self.active]
        latents = pd.DataFrame(self.latents(observations), columns=names)
        return {
            str(name): explain(latents, values.to_numpy(np.float64), estimator, n_rows, seed)
            for name, values in quantities.items()
        }


def fit(
    observations: ArrayLike,
    questions: ArrayLike,
    answers: ArrayLike,
    n_latents: int,
    training: Training | None = None,
) -> Concepts:
    """Trains a network to answer questions about observations through a bottleneck (arXiv:1807.10300).

    Args:
        observations: Shape (n, n_observed).
        questions: Shape (n, n_questions, n_asked), or (n, n_questions) where a question is one number.
        answers: Shape (n, n_questions).
        n_latents: Numbers in the bottleneck at most; those that are not needed carry no information.
        training: How the network is trained; the defaults of `Training` where there is none.

    Raises:
        ValueError: If shapes do not fit, values are not finite, there is no latent, or there are fewer than
            twenty observations.
    """
    training = training or Training()
    observed, said = np.asarray(observations, dtype=np.float64), np.asarray(answers, dtype=np.float64)
    asked = np.asarray(questions, dtype=np.float64)
    asked = asked[..., None] if asked.ndim == 2 else asked
    _check(observed, asked, said, n_latents)
    scaler = StandardScaler().fit(observed)
    scale_asked = StandardScaler().fit(asked.reshape(-1, asked.shape[-1]))
    spread = said.std() or 1.0
    tensors = (
        _tensor(scaler.transform(observed)),
        _tensor(scale_asked.transform(asked.reshape(-1, asked.shape[-1])).reshape(asked.shape)),
        _tensor((said - said.mean()) / spread),
    )
    n_seen = len(observed) - max(int(_SHARE_UNSEEN * len(observed)), 1)
    seen = tensors[0][:n_seen], tensors[1][:n_seen], tensors[2][:n_seen]
    network = trained(*seen, n_latents, training)
    with torch.no_grad():
        mean, log_variance = network.encoded(tensors[0][n_seen:])
        guessed = network.answers(mean, tensors[1][n_seen:]).double().numpy()
        carried = nats(mean, log_variance).double().numpy()
    skill = r_squared(guessed.ravel(), tensors[2][n_seen:].double().numpy().ravel())
    return Concepts(network, skill, carried, scaler)


def _check(observed: Array, asked: Array, said: Array, n_latents: int) -> None:
    if observed.ndim != 2 or said.ndim != 2 or asked.ndim != 3 or asked.shape[:2] != said.shape:
        raise ValueError(
            f"observations {observed.shape}, questions {asked.shape} and answers {said.shape} do not fit: "
            "give (n, n_observed), (n, n_questions, n_asked) and (n, n_questions)"
        )
    if len(observed) != len(said) or len(observed) < _LEAST_ROWS:
        raise ValueError(
            f"{len(observed)} observations and answers for {len(said)}: give one row of answers for each of "
            f"{_LEAST_ROWS} observations at least"
        )
    if n_latents < 1:
        raise ValueError(f"n_latents is {n_latents}: give one at least")
    if not all(np.isfinite(one).all() for one in (observed, asked, said)):
        raise ValueError("observations, questions or answers are not finite: leave such rows out")


def _tensor(values: Array) -> Tensor:
    return torch.tensor(np.asarray(values), dtype=torch.float32)
