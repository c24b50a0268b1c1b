"""Distillation: what modules of known content, and networks of learned content, are found to compute."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from scipy.stats import ortho_group
from torch import nn
from untrained import UNTRAINED

import nsr
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.plots import plot_messages, plot_pull
from nsr.understanding.distillation.directions import disentangled, n_informative, shares_of_variance
from nsr.understanding.distillation.graph_network import Training
from nsr.understanding.distillation.pruning import pruned
from nsr.understanding.distillation.recording import record

pytestmark = pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")


class Known(nn.Module):
    """Six hidden outputs that are linear in two functions of the inputs, and their sum as the output."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mixing = torch.tensor(np.random.default_rng(5).normal(size=(2, 6)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([x[:, 0] ** 2, torch.exp(x[:, 1])], dim=-1) @ self.mixing

    def __init__(self) -> None:
        super().__init__()
        self.inner = self.Inner()
        self.weight = nn.Parameter(torch.ones(6, 1, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) @ self.weight


def quick(seconds: float = 30.0) -> nsr.SymbolicRegressor:
    return nsr.SymbolicRegressor(UNTRAINED, 16, seconds, stages=("families", "reduction"))


def test_rotated_latents_come_apart(rng):
    inputs = rng.uniform(0, 1, (2000, 3))
    true = np.column_stack([inputs[:, 0] ** 2, np.exp(inputs[:, 1]), 1 / (1 + inputs[:, 2])])
    true = (true - true.mean(axis=0)) / true.std(axis=0)
    outputs = true @ ortho_group.rvs(3, random_state=1) @ rng.normal(size=(3, 8))
    found = disentangled(outputs, inputs, 1e-9)
    assert found.forward.shape == (8, 3)
    np.testing.assert_allclose(found.outputs(found.latents(outputs)), outputs, atol=1e-8)
    correlations = np.abs(np.corrcoef(found.latents(outputs).T, true.T)[:3, 3:])
    assert (correlations.max(axis=0) > 0.99).all()


def test_directions_that_carry_nothing_do_not_count(rng):
    outputs = rng.normal(size=(500, 2)) @ rng.normal(size=(2, 16)) + 1e-4 * rng.normal(size=(500, 16))
    shares = shares_of_variance(outputs)
    assert shares.sum() == pytest.approx(1)
    assert n_informative(shares, 0.01) == 2
    assert n_informative(shares_of_variance(np.ones((500, 4))), 0.01) == 0


def test_latents_of_a_layer_are_what_it_was_made_of(rng):
    # On a grid the two functions are not correlated at all, and a rotation takes them apart exactly.
    grid = np.meshgrid(np.linspace(0, 2, 20), np.linspace(0, 2, 20))
    X = pd.DataFrame({"a": grid[0].ravel(), "b": grid[1].ravel()})
    found = nsr.distill(Known(), X, layers=["", "inner"], names={"inner": ["a", "b"]}, estimator=quick())
    assert len(found.layers["inner"].latents) == 2
    assert (found.equations["r2"] > 0.999).all()
    fresh = rng.uniform(0, 2, (50, 2))
    for name, rows in record(Known(), fresh, ["", "inner"]).items():
        spread = np.abs(rows.outputs).max()
        np.testing.assert_allclose(found.layers[name].predict(fresh), rows.outputs, atol=0.02 * spread)
    values = np.array([one.predict(fresh) for one in found.layers["inner"].latents])
    correlations = np.abs(np.corrcoef(values, [fresh[:, 0] ** 2, np.exp(fresh[:, 1])])[:2, 2:])
    np.testing.assert_allclose(correlations.max(axis=0), 1, atol=1e-4)


def test_of_pure_noise_nothing_is_found(rng):
    class Noise(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.as_tensor(rng.normal(size=(len(x), 1)))

    found = nsr.distill(Noise(), rng.normal(size=(400, 2)), estimator=quick())
    assert found.is_empty
    assert found.equations.empty
    assert str(found).startswith("nothing to find")


def test_a_network_without_skill_is_not_searched(rng):
    module = nn.Linear(2, 1)
    found = nsr.distill(module, rng.normal(size=(100, 2)), targets=rng.normal(size=100))
    assert found.is_empty
    assert found.layers == {}
    assert "explains 0% of the variance of its targets" in str(found)


def test_a_module_is_left_as_it_was(rng):
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2)).train()
    rows = record(module, rng.normal(size=(10, 3)), ["0", "2"])
    assert rows["0"].inputs.shape == (10, 3)
    np.testing.assert_allclose(rows["0"].outputs, rows["2"].inputs)  # no dropout while it is recorded
    assert module.training
    assert not any(one._forward_hooks for one in module.modules())


@pytest.mark.parametrize(
    ("layers", "targets", "names", "told"),
    [
        ("inne", None, None, "did you mean 'inner'"),
        ("other", None, None, "it has inner"),
        ("", np.ones(3), None, "give one for each"),
        ("", None, {"": ["a"]}, "2 inputs, but 1 names"),
    ],
)
def test_what_does_not_fit_is_told(rng, layers, targets, names, told):
    with pytest.raises(ValueError, match=told):
        nsr.distill(Known(), rng.normal(size=(50, 2)), layers, targets=targets, names=names)


def test_only_modules_are_distilled(rng):
    with pytest.raises(TypeError, match=r"give a torch\.nn\.Module"):
        nsr.distill(np.sin, rng.normal(size=(50, 2)))


@pytest.mark.parametrize(
    ("positions", "others", "told"),
    [
        (np.ones((30, 1, 2)), {}, "positions have shape"),
        (np.ones((30, 3, 2)), {"accelerations": np.ones((30, 3, 2))}, "at one place"),
        (np.ones((30, 3, 2)), {}, "give accelerations, or the times"),
        (np.ones((30, 3, 2)), {"times": np.zeros(30)}, "that increase"),
        (np.ones((3, 3, 2)), {"accelerations": np.ones((3, 3, 2))}, "too few"),
        (np.ones((30, 3, 2)), {"accelerations": np.ones((30, 3, 1))}, "accelerations have shape"),
        (np.ones((30, 3, 2)), {"accelerations": np.full((30, 3, 2), np.nan)}, "not finite"),
        (
            np.ones((30, 3, 2)),
            {"times": np.arange(30), "properties": {"mass": np.ones(4)}},
            "property 'mass'",
        ),
        (np.ones((30, 3, 2)), {"properties": {"mass": np.ones(3)}, "hidden": "mass"}, "is hidden and among"),
    ],
)
def test_particles_that_do_not_fit_are_told(positions, others, told):
    with pytest.raises(ValueError, match=told):
        nsr.distill.message_passing(positions, **others)


def test_what_an_equation_has_too_much_comes_off():
    names = ("dx", "r", "m")
    long = parse("4.678e5*dx*m/((m**3/r - 4.679e5)*r**3)", names)
    assert "-dx*m/r**3" in [to_infix(one, names, 3) for one in pruned(long)]
    texts = {to_infix(one, names) for one in pruned(parse("2*(m - sin(r))", names))}
    assert texts == {"2*m", "-2*sin(r)", "2*(m - r)", "m - sin(r)", "sin(r) - m"}


def test_masses_that_nobody_has_observed_are_found():
    masses = np.array([1.0, 0.4, 1.5])
    positions = np.random.default_rng(0).uniform(-2, 2, (200, 3, 1))
    accelerations = (masses[:, None] * (positions[:, None] - positions[:, :, None])).sum(axis=2)
    law = nsr.distill.message_passing(
        positions, accelerations, hidden="mass", estimator=quick(),
        training=Training(n_steps=600, hidden=16, n_messages=2, seed=3),
    )  # fmt: skip
    np.testing.assert_allclose(law.hidden, masses / np.sqrt(np.mean(masses**2)), rtol=0.02)
    assert list(law.pairs.columns) == ["dx", "r", "mass_i", "mass_j", "pull_x"]
    factor = np.sqrt(np.mean(masses**2))
    pairs = np.array([[1.0, 1.0, 0.3, 1.2], [-2.0, 2.0, 1.3, 0.7]])
    np.testing.assert_allclose(law.pulls[0].predict(pairs), factor * pairs[:, 0] * pairs[:, 3], rtol=0.02)
    assert "mass of particles: 0.9" in str(law)


def test_a_linear_attraction_is_learned_from_trajectories():
    # Two particles on a line that attract each other in proportion to their distance, x(t) = A cos(t + p).
    rng = np.random.default_rng(2)
    times = np.linspace(0, 2, 40)
    swing = rng.uniform(0.5, 2, (40, 1)) * np.cos(times + rng.uniform(0, 0.5, (40, 1)))
    at = np.stack([swing, -swing], axis=-1)[..., None]
    keep = np.abs(swing).min(axis=1) > 0
    law = nsr.distill.message_passing(
        at[keep], times=times, training=Training(n_steps=500, hidden=16), estimator=quick()
    )
    assert law.skill > 0.99
    assert law.n_directions == 1
    # a = -x for displacement -2x: half the displacement, whatever the distance.
    ax = plot_pull(law, ax=plot_messages(law, Figure().subplots()))
    assert [bar.get_height() for bar in ax.patches] == list(law.shares)
    assert ax.get_ylabel() == "network's pull_x"
    assert law.pulls[0].predict(np.array([[1.5, 1.5], [-6.0, 6.0]])) == pytest.approx([0.75, -3.0], rel=1e-2)
