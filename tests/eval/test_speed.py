import json

import pytest
import torch
import typer

from eval import speed
from nsr.checkpoint import save_pretrained
from nsr.model import Model, ModelConfig
from nsr.tokenizer import Tokenizer


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(speed, "_REPEATS", 1)


def test_small_sizes_give_positive_figures(tmp_path):
    torch.manual_seed(0)
    tokenizer = Tokenizer()
    config = ModelConfig(tokenizer.vocab_size, d_model=16, n_heads=2, d_ffn=16, n_latents=4)
    save_pretrained(tmp_path / "small", Model(config), tokenizer)
    blocks = [
        speed.generator(64),
        speed.evaluator(32),
        speed.refiner(16, 2),
        speed.decoder(8, str(tmp_path / "small")),
        speed.training(1),
    ]
    assert all(value > 0 for block in blocks for value in block.values())


def test_output_has_a_block_per_part(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(speed.PARTS, "generator", lambda: {"samples_per_second_per_core": 12345.678})
    speed.main(only="generator", output=tmp_path / "speed.json")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "speed.json").read_text())
    assert printed == {"generator": {"samples_per_second_per_core": 12350.0}}


def test_an_unknown_part_is_refused():
    with pytest.raises(typer.BadParameter, match="no part nonsense"):
        speed.main(only="nonsense")
