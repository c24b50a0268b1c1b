"""`nsr.distill`: equations of what the submodules of a trained torch module compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from torch import nn

from nsr.regressor import SymbolicRegressor
from nsr.understanding.distillation.directions import Directions, as_they_are, disentangled
from nsr.understanding.distillation.graph_network import Training
from nsr.understanding.distillation.message_passing import message_passing
from nsr.understanding.distillation.recording import Inputs, Record, record
from nsr.understanding.explained import LEAST_EXPLAINED, Explained, explain, r_squared

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layer:
    """What a submodule computes.

    Attributes:
        name: As in `module.named_modules()`; "" is the module itself.
        directions: Its latents: outputs of the module itself, principal directions of others.
        latents: An equation for each latent, in terms of the submodule's own inputs.
    """

    name: str
    directions: Directions
    latents: tuple[Explained, ...]

    def predict(self, X: ArrayLike) -> Array:
        """The submodule's outputs, shape (n, D), by the equations of its latents.

        Args:
            X: Its inputs, shape (n, d).

        Raises:
            ValueError: If it has no latents.
        """
        if not self.latents:
            raise ValueError(
                f"the submodule {self.name!r} has constant outputs: there is no equation to predict"
            )
        values = [one.predict(np.asarray(X, dtype=np.float64)) for one in self.latents]
        return self.directions.outputs(np.column_stack(values))

    def __str__(self) -> str:
        name = f"submodule {self.name!r}" if self.name else "the module"
        n_outputs = len(self.directions.mean)
        if not self.latents:
            return f"{name}: its outputs are constant"
        head = f"{name}: {len(self.latents)} of {n_outputs} directions carry information"
        return "\n".join([head, *(f"  latent {place}: {one}" for place, one in enumerate(self.latents))])


@dataclass(frozen=True, eq=False)
class Distillation:
    """What a module has learned.

    Attributes:
        layers: What each submodule computes, by its name; empty where the module has learned nothing.
        skill: Share of the targets' variance that the module explains; None without targets.
    """

    layers: Mapping[str, Layer]
    skill: float | None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to find: no skill, or no latent that an equation explains."""
        return not any(one.is_found for layer in self.layers.values() for one in layer.latents)

    @property
    def equations(self) -> pd.DataFrame:
        """A row for each latent that an equation explains: `layer`, `latent`, `equation`, `r2`."""
        rows = [
            (name, place, one.equation, one.r2)
            for name, layer in self.layers.items()
            for place, one in enumerate(layer.latents)
            if one.is_found
        ]
        return pd.DataFrame(rows, columns=["layer", "latent", "equation", "r2"])

    def __str__(self) -> str:
        lines = [str(layer) for layer in self.layers.values()]
        if self.skill is not None and self.skill < LEAST_EXPLAINED:
            lines.append(f"the module explains {max(self.skill, 0.0):.0%} of the variance of its targets")
        return "\n".join([*(["nothing to find"] if self.is_empty else []), *lines])


class _Distiller:
    """The function `nsr.distill`, which has `message_passing` and its `Training` beside it."""

    message_passing = staticmethod(message_passing)
    Training = Training

    def __call__(
        self,
        module: nn.Module,
        inputs: Inputs,
        layers: str | Sequence[str] = "",
        targets: ArrayLike | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
        tolerance: float = 0.01,
        estimator: SymbolicRegressor | None = None,
        n_rows: int = 1000,
        seed: int = 0,
    ) -> Distillation:
        """Finds equations for what submodules compute, after Cranmer et al., arXiv:2006.11287.

        The module computes once; inputs and outputs of the submodules are recorded. Of the outputs of an
        inner layer those directions count that carry information, as latents hide behind invertible linear
        maps: principal components of equal variance, rotated so that each depends on few inputs.

        Args:
            module: Any torch module, trained.
            inputs: Rows to distil on: a table, a tensor, or a tuple of tensors. Equations hold where these
                are, so that they may well lie between those that the module was trained on.
            layers: Submodules, as `module.named_modules()` has them; the module itself by default.
            targets: What the outputs should be, of rows that the module has not been trained on. A module
                that explains less than half of their variance has nothing to distil: no search is made. They
                also choose among the equations of the module's own outputs.
            names: Of the inputs of layers; those of a data frame, or x_0, x_1, ... by default.
            tolerance: Share of the variance of an inner layer's outputs that its latents may leave out.
            estimator: How to search; it is cloned for each latent.
            n_rows: Most rows for each equation, a quarter of which judges it.
            seed: Of the draw of rows.

        Raises:
            ValueError: As `recording.record` and `explained.explain` do, or if targets or names do not fit.
        """
        asked = [layers] if isinstance(layers, str) else list(layers)
        found = record(module, inputs, list(dict.fromkeys(["", *asked])) if targets is not None else asked)
        skill = None if targets is None else _skill(found[""], targets)
        if skill is not None and skill < LEAST_EXPLAINED:
            return Distillation({}, skill)
        named: dict[str, Sequence[str]] = dict(names or {})
        if hasattr(inputs, "columns"):
            named.setdefault("", [str(name) for name in inputs.columns])
        distilled = {
            name: _distilled(
                name, found[name], named.get(name), tolerance, (estimator, n_rows, seed), targets
            )
            for name in asked
        }
        return Distillation(distilled, skill)


distill = _Distiller()


def _skill(whole: Record, targets: ArrayLike) -> float:
    observed = np.asarray(targets, dtype=np.float64)
    if observed.size != whole.outputs.size:
        shape = whole.outputs.shape
        raise ValueError(
            f"targets have shape {observed.shape}, but the module's outputs {shape}: give one for each"
        )
    return r_squared(whole.outputs, observed.reshape(whole.outputs.shape))


def _distilled(
    name: str,
    rows: Record,
    names: Sequence[str] | None,
    tolerance: float,
    how: tuple[Any, int, int],
    targets: ArrayLike | None,
) -> Layer:
    n_columns = rows.inputs.shape[1]
    columns = [f"x_{place}" for place in range(n_columns)] if names is None else list(names)
    if len(columns) != n_columns:
        raise ValueError(
            f"the submodule {name!r} has {n_columns} inputs, but {len(columns)} names: give one for each"
        )
    directions = disentangled(rows.outputs, rows.inputs, tolerance) if name else as_they_are(rows.outputs)
    table = pd.DataFrame(rows.inputs, columns=columns)
    latents = directions.latents(rows.outputs).T
    if name or targets is None:
        return Layer(name, directions, tuple(explain(table, values, *how) for values in latents))
    observed = directions.latents(np.asarray(targets, dtype=np.float64).reshape(rows.outputs.shape)).T
    pairs = zip(latents, observed, strict=True)
    return Layer(name, directions, tuple(explain(table, values, *how, seen) for values, seen in pairs))
