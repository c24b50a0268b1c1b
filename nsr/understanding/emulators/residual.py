"""What equations leave, learned by a Gaussian process or a neural network over the unit cube."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]
Kind = Literal["gaussian_process", "neural"]
KINDS: tuple[Kind, ...] = ("gaussian_process", "neural")

# Rows that a process's length scales are fitted to; the ridge of its matrix, as a share of the variance.
_N_FITTED, _RIDGE = 800, 1e-9
_HIDDEN = (48, 48)


class Residual(Protocol):
    """A function of the unit cube."""

    def values(self, U: Array) -> Array:
        """Shape (n,), at points of shape (n, D)."""

    def tensor(self, U: Tensor) -> Tensor:
        """The same of tensors, differentiable."""

    def refitted(self, U: Array, r: Array) -> Residual:
        """The same kind, with the same length scales, for other points."""


def residual_of(kind: Kind, U: Array, r: Array, seed: int) -> Residual:
    """Learns residuals r, shape (n,), at points U, shape (n, D)."""
    if kind == "gaussian_process":
        rows = np.random.default_rng(seed).permutation(len(r))[:_N_FITTED]
        return Process(_scales(U[rows], r[rows]), U, r)
    return Network(U, r, seed)


class Process:
    """The mean of a Gaussian process with a squared exponential kernel (Rasmussen and Williams 2006).

    Args:
        scales: Length scale of each input, shape (D,).
        U: Points, shape (n, D).
        r: Values there, shape (n,).
    """

    def __init__(self, scales: Array, U: Array, r: Array) -> None:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF

        self._scales, self._points = scales, U
        self._mean, self._size = float(np.mean(r)), float(np.std(r)) or 1.0
        process = GaussianProcessRegressor(RBF(scales), alpha=_RIDGE, optimizer=None)
        self._weights = np.asarray(process.fit(U, (r - self._mean) / self._size).alpha_, dtype=np.float64)

    def values(self, U: Array) -> Array:
        """See `Residual`."""
        from sklearn.gaussian_process.kernels import RBF

        kernel = np.asarray(RBF(self._scales)(U, self._points), dtype=np.float64)
        return self._mean + self._size * (kernel @ self._weights)

    def tensor(self, U: Tensor) -> Tensor:
        """See `Residual`."""
        points, weights, scales = (U.new_tensor(one) for one in (self._points, self._weights, self._scales))
        off = (U[..., None, :] - points) / scales
        kernel = (-0.5 * off.square().sum(-1)).exp()
        return self._mean + self._size * (kernel @ weights)

    def refitted(self, U: Array, r: Array) -> Process:
        """See `Residual`."""
        return Process(self._scales, U, r)


def _scales(U: Array, r: Array) -> Array:
    """The likeliest length scales."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    kernel = ConstantKernel(1.0, (1e-3, 1e5)) * RBF(np.full(U.shape[1], 0.5), (0.005, 50.0))
    process = GaussianProcessRegressor(kernel, alpha=_RIDGE, normalize_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a scale is at its bound
        process.fit(U, r)
    return np.asarray(process.kernel_.k2.length_scale, dtype=np.float64).reshape(-1)


class Network:
    """A small neural network (scikit-learn's, by L-BFGS).

    Args:
        U: Points, shape (n, D).
        r: Values there, shape (n,).
        seed: Of its weights.
    """

    def __init__(self, U: Array, r: Array, seed: int) -> None:
        from sklearn.neural_network import MLPRegressor

        self._seed, self._mean, self._size = seed, float(np.mean(r)), float(np.std(r)) or 1.0
        network = MLPRegressor(
            hidden_layer_sizes=_HIDDEN,
            activation="tanh",
            solver="lbfgs",
            alpha=1e-5,
            max_iter=1500,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it could go on
            network.fit(2 * U - 1, (r - self._mean) / self._size)
        self._network = network

    def values(self, U: Array) -> Array:
        """See `Residual`."""
        return np.asarray(self._mean + self._size * self._network.predict(2 * U - 1), dtype=np.float64)

    def tensor(self, U: Tensor) -> Tensor:
        """See `Residual`."""
        x = 2 * U - 1
        layers = list(zip(self._network.coefs_, self._network.intercepts_, strict=True))
        for place, (weights, offsets) in enumerate(layers):
            x = x @ U.new_tensor(weights) + U.new_tensor(offsets)
            x = x if place == len(layers) - 1 else x.tanh()
        return self._mean + self._size * x[..., 0]

    def refitted(self, U: Array, r: Array) -> Network:
        """See `Residual`."""
        return Network(U, r, self._seed)
