import json

import pytest
import torch
import typer

from eval import speed
from nsr.network.checkpoint import save_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from training.stream import StreamConfig


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(speed, "_REPEATS", 1)


def test_small_sizes_give_positive_figures(tmp_path):
    torch.manual_seed(0)
    tokenizer = Tokenizer()
    config = ModelConfig(tokenizer.vocab_size, d_model=16, n_heads=2, d_ffn=16, n_latents=4)
    save_pretrained(tmp_path / "small", Model(config), tokenizer)
    blocks = [
        speed.generator(StreamConfig(8, 16, reuse=2), n_chunks=1),
        speed.systems(20),
        speed.evaluator(32),
        speed.integrate(2, 2),
        speed.refiner(16, 2),
        speed.evolution(1, 1_000, 50),
        speed.decoder(8, str(tmp_path / "small")),
    ]
    assert all(value > 0 for block in blocks for value in block.values())


def test_the_training_step_counts_the_products_it_executes(monkeypatch):
    """The clock says one second, so rates are counts; one batch, all of whose products are known."""
    monkeypatch.setattr(speed, "_elapsed", lambda work: 1.0)
    figures = speed.training(1, matrix_size=64)
    config = ModelConfig(Tokenizer().vocab_size)
    (batch,) = speed._training_batches(Tokenizer(), 1)
    d, f, m = config.d_model, config.d_ffn, config.n_latents
    length, (n, points, columns) = batch["tokens"].shape[1] - 1, batch["X"].shape

    def attention(queries, keys):
        return queries * 2 * d * d + keys * 2 * d * d + 2 * queries * keys * d

    embedding = points * (columns + 1) * 36 * d
    forward = embedding + points * 3 * d * f
    forward += config.n_encoder_layers * (attention(m, points) + attention(m, m) + m * 3 * d * f)
    layer = attention(length, length) + attention(length, m) + length * 3 * d * f
    forward += config.n_decoder_layers * layer + length * d * config.vocab_size
    # The backward pass does each product twice, but the data need no gradient.
    expected = 2 * n * (3 * forward - embedding)
    assert figures["model_flops_per_second"] == pytest.approx(expected)
    assert figures["matmul_flops_per_second"] == 2 * 64**3
    assert figures["share_of_matmul"] == pytest.approx(expected / (2 * 64**3))


@pytest.mark.integration
def test_memory_is_that_of_a_process_of_its_own():
    figures = speed.stream_memory(1280)
    assert figures["problems"] == 1280
    assert 50 < figures["peak_mib_after_a_tenth"] <= figures["peak_mib"] < 4096


def test_output_has_a_block_per_part(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(speed.PARTS, "generator", lambda: {"samples_per_second_per_core": 12345.678})
    speed.main(only="generator", output=tmp_path / "speed.json")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "speed.json").read_text())
    assert printed == {"generator": {"samples_per_second_per_core": 12350.0}}


def test_an_unknown_part_is_refused():
    with pytest.raises(typer.BadParameter, match="no part nonsense"):
        speed.main(only="nonsense")
