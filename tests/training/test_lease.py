"""A lent machine, played by this one: calls of a few seconds that go on from one another."""

import json
import shutil

import pytest
import torch
import typer
import yaml
from typer.testing import CliRunner

from nsr.network.checkpoint import from_pretrained
from training.config_file import read_config
from training.export import export
from training.lease import Tried, lease, main
from training.parts import read_parts
from training.throughput import Layout, chosen

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*`isinstance.treespec, LeafSpec.`"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*Checkpoint directory"),
]

SETTINGS = {
    "trainer": {"accelerator": "cpu", "precision": "32-true", "log_every_n_steps": 1, "max_steps": 6},
    "model": {
        "network": {
            "d_model": 32,
            "n_heads": 2,
            "d_ffn": 64,
            "n_encoder_layers": 1,
            "n_decoder_layers": 1,
            "n_latents": 8,
        },
        "schedule": {"warmup_steps": 2, "decay_share": 0.5},
        "development": {"n_problems": 4, "n_points": 16, "n_candidates": 2, "classical": False},
    },
    "data": {
        "functions": {"max_points": 20},
        "stream": {"chunk_size": 16, "batch_size": 8, "n_workers": 0, "seed": 5},
    },
}


def config(tmp_path, steps):
    settings = SETTINGS | {"run": str(tmp_path / "run")}
    settings["trainer"] = settings["trainer"] | {"max_steps": steps}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


COMMAND = typer.Typer()
COMMAND.command()(main)
TRIED = Tried(batch_sizes=(8,), reuses=(1, 2), seconds=0.0)


def test_the_next_call_goes_on_where_the_last_one_ended(tmp_path):
    out = tmp_path / "out"
    lease(read_config(config(tmp_path, 3)), out, 10, 10, TRIED)
    first, story = read_parts(out)
    assert (story["step"], story["samples_seen"], story["data"]["stream"]["seed"]) == (3, 24, 5)
    lease(read_config(config(tmp_path, 6)), out, 10, 10, TRIED)
    second, story = read_parts(out)
    assert (story["step"], story["samples_seen"]) == (6, 48)
    assert [row["step"] for row in story["history"]] == [3, 6]
    assert not torch.equal(first["model.tokens.weight"], second["model.tokens.weight"])
    assert (out / "metrics.csv").is_file()
    export(out, tmp_path / "weights")
    assert from_pretrained(tmp_path / "weights").config.d_model == 32


def test_a_call_without_state_goes_on_from_weights(tmp_path):
    settings = read_config(config(tmp_path, 2))
    lease(settings, tmp_path / "out", 10, 10, TRIED)
    export(tmp_path / "out", tmp_path / "weights")
    (tmp_path / "run").rename(tmp_path / "lost")
    (tmp_path / "run").mkdir()
    shutil.copy(tmp_path / "lost" / "layout.json", tmp_path / "run")
    result = CliRunner().invoke(
        COMMAND,
        [str(tmp_path / "config.yaml"), "--out", str(tmp_path / "out"), "--init-from",
         str(tmp_path / "weights"), "--seed", "6"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    _, story = read_parts(tmp_path / "out")
    assert (story["init_from"], story["step"]) == (str(tmp_path / "weights"), 2)
    assert story["data"]["stream"]["seed"] == 6


def test_a_call_ends_in_time(tmp_path):
    lease(read_config(config(tmp_path, -1)), tmp_path / "out", 0, 10, TRIED)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["step"] == 1


@pytest.mark.parametrize(
    ("streams", "steps", "layout"),
    [
        # Drawing keeps up: no equation twice, and the smallest batch that is hardly slower.
        ({1: 50, 2: 90}, {False: {64: 30, 128: 42, 256: 45}}, Layout(128, 1, False)),
        # Drawing is what is slow: equations are used again, and small batches are fast enough.
        ({1: 10, 2: 19, 4: 30}, {False: {64: 28, 128: 60}}, Layout(64, 4, False)),
        # The compiler is worth its minutes only where it saves a tenth.
        ({1: 99}, {False: {64: 50}, True: {64: 53}}, Layout(64, 1, False)),
        ({1: 99}, {False: {64: 50}, True: {64: 80}}, Layout(64, 1, True)),
    ],
)
def test_layouts_follow_from_rates(streams, steps, layout):
    assert chosen(streams, steps) == layout
