"""Muon and AdamW as one optimiser, against PyTorch's own and against the singular value decomposition."""

import copy

import pytest
import torch
from torch import nn

from training.optimizer import Muon, muon_and_adamw, orthogonal

SETTINGS = {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}


class Hidden(nn.Module):
    """Matrices of two shapes, one of them twice."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 24, bias=False), nn.Linear(8, 24, bias=False)
        self.c = nn.Linear(24, 8, bias=False)

    def forward(self, x):
        return self.c(torch.tanh(self.a(x)) * self.b(x))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), Hidden(), nn.LayerNorm(8))


def joined(model: nn.Module):
    return muon_and_adamw(model, (Hidden,), betas=(0.9, 0.95), **SETTINGS)


def take_steps(model: nn.Module, *optimizers: torch.optim.Optimizer, n: int = 4) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(n):
        for optimizer in optimizers:
            optimizer.zero_grad()
        (model(torch.randn(16, 5, generator=generator)) ** 3).sum().backward()
        for optimizer in optimizers:
            optimizer.step()


def states(model: nn.Module, optimizer) -> list[torch.Tensor]:
    inner = [value for part in optimizer.parts for state in part.state.values() for value in state.values()]
    return [value.detach().clone() for value in [*model.parameters(), *inner]]


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 12, 40), (2, 40, 12)])
def test_orthogonal_is_the_factor_of_the_singular_value_decomposition(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    found = orthogonal(matrices).float()
    # In the matrices' own singular vectors what is found is nearly diagonal, with values about 1.
    inside = left.mT @ found @ right.mT
    values = inside.diagonal(dim1=1, dim2=2)
    assert (inside - torch.diag_embed(values)).abs().max() < 0.05
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_steps_are_those_of_pytorchs_muon_and_adamw():
    ours, theirs = network(), network()
    take_steps(ours, joined(ours))
    hidden, rest = list(theirs[1].parameters()), [*theirs[0].parameters(), *theirs[2].parameters()]
    muon = torch.optim.Muon(hidden, adjust_lr_fn="match_rms_adamw", **SETTINGS)
    groups = [
        {"params": [p for p in rest if p.dim() == 2], "weight_decay": 0.1},
        {"params": [p for p in rest if p.dim() == 1], "weight_decay": 0.0},
    ]
    take_steps(theirs, muon, torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95)))
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        # Of 0.04 that a step of Muon changes at most, bfloat16 keeps about three digits.
        torch.testing.assert_close(a, b, rtol=0, atol=1e-3)


def test_a_marked_step_changes_nothing():
    model = network()
    optimizer = joined(model)
    take_steps(model, optimizer)
    before = states(model, optimizer)
    for parameter in model.parameters():
        parameter.grad.fill_(float("nan"))
    optimizer.found_inf = torch.ones(())
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, states(model, optimizer), strict=True))


def test_a_restored_optimizer_goes_on_as_if_nothing_had_happened():
    whole, model = network(), network()
    unbroken, first = joined(whole), joined(model)
    take_steps(whole, unbroken)
    take_steps(model, first)
    resumed = joined(model)
    resumed.load_state_dict(copy.deepcopy(first.state_dict()))
    for optimizer in (unbroken, resumed):
        for group in optimizer.param_groups:
            group["lr"] = 0.003
    take_steps(whole, unbroken)
    take_steps(model, resumed)
    assert all(
        torch.equal(a, b) for a, b in zip(states(whole, unbroken), states(model, resumed), strict=True)
    )


def test_matrices_without_a_gradient_stay():
    used, unused = (nn.Parameter(torch.ones(3, 3)) for _ in range(2))
    optimizer = Muon([used, unused], **SETTINGS)
    used.grad = torch.eye(3)
    optimizer.step()
    assert torch.equal(unused, torch.ones(3, 3))
    assert not torch.equal(used, torch.ones(3, 3))
