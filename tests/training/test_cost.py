from pathlib import Path

import pytest
import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode
from typer import Typer
from typer.testing import CliRunner

from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from training.cost import cost, main
from training.flops import forward_flops, training_flops

VOCABULARY = Tokenizer().vocab_size
SIZES = {"tiny": 3.2e6, "small": 9.22e6, "base": 62e6, "large": 309e6}
NETWORK = ModelConfig(VOCABULARY, d_model=64, n_heads=2, d_ffn=96, n_latents=8)


@pytest.fixture
def command():
    app = Typer()
    app.command()(main)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("name", SIZES)
def test_configs_have_the_size_they_say(name):
    settings = yaml.safe_load(Path(f"training/configs/{name}.yaml").read_text())
    network = ModelConfig(VOCABULARY, **settings["model"].get("network", {}))
    assert cost(network, 1, 1, 1, 100).parameters == pytest.approx(SIZES[name], rel=0.01)


def test_operations_agree_with_pytorchs_own_count():
    n_points, n_variables, n_tokens = 50, 3, 20
    model = Model(NETWORK)
    X, y = torch.randn(2, n_points, n_variables), torch.randn(2, n_points)
    tokens = torch.randint(4, VOCABULARY, (2, n_tokens))
    with FlopCounterMode(display=False) as forward:
        logits = model(X, y, torch.tensor([3, 3]), tokens)
    assert forward_flops(NETWORK, n_points, n_variables, n_tokens) == pytest.approx(
        forward.get_total_flops() / 2, rel=0.01
    )
    with FlopCounterMode(display=False) as backward:
        logits.sum().backward()
    total = (forward.get_total_flops() + backward.get_total_flops()) / 2
    # The first layer needs no gradient of its input, so three forward passes are a little too many.
    assert training_flops(NETWORK, n_points, n_variables, n_tokens) == pytest.approx(total, rel=0.1)


def test_cost_scales_as_it_should():
    one = cost(NETWORK, 1e6, 1, 128, 100)
    two = cost(NETWORK, 2e6, 8, 128, 100)
    assert two.flops == pytest.approx(2 * one.flops)
    assert two.gpu_hours == pytest.approx(2 * one.gpu_hours)
    assert two.hours == pytest.approx(one.hours / 4)
    assert cost(NETWORK, 1e6, 1, 256, 100).memory_gib > one.memory_gib


def test_the_command_prints_a_runs_cost(command):
    result = command("--config", "training/configs/large.yaml")
    assert result.exit_code == 0, result.output
    assert "64 GPUs" in result.output
    assert "gpu hours" in result.output


def test_a_run_without_steps_needs_a_number_of_samples(command):
    assert "--samples" in command("--config", "training/configs/tiny.yaml").output
    assert command("--config", "training/configs/tiny.yaml", "--samples", "1e6").exit_code == 0
