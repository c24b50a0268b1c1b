"""Export: a run becomes weights that load, with a card that tells the run's story."""

import pytest
import torch

from nsr.network.checkpoint import from_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from training.export import export, load_run
from training.module import RUN_KEY

NETWORK = {
    "vocab_size": Tokenizer().vocab_size,
    "max_variables": 10,
    "d_model": 32,
    "n_heads": 2,
    "n_encoder_layers": 1,
    "n_decoder_layers": 1,
    "d_ffn": 64,
    "n_latents": 8,
    "max_length": 64,
}


def row(step: int) -> dict[str, float]:
    figures = {"train_loss": 3.0 / step, "val_loss": 3.5 / step, "val_accuracy": 0.5}
    return (
        {"step": step, "samples": 128 * step, "minutes": step}
        | figures
        | {
            "val_well_formed": 0.9,
            "val_recovered": 0.25,
            "val_recovered_classical": 0.125,
            "val_loss_number": 1.25 / step,
        }
    )


@pytest.fixture
def run(tmp_path):
    torch.manual_seed(0)
    model = Model(ModelConfig(**NETWORK))
    story = {
        "network": NETWORK,
        "optimizer": {"lr": 1e-3},
        "schedule": {"warmup_steps": 10},
        "development": {"n_problems": 8, "n_points": 16, "n_candidates": 4},
        "data": {"stream": {"seed": 3}},
        "init_from": None,
        "precision": "bf16-mixed",
        "hardware": "1 x 2 threads of an abacus",
        "samples_seen": 3_840,
        "seconds": 5_400.0,
        "step": 30,
        "skipped": 0,
        "history": [row(step) for step in range(1, 31)],
    }
    weights = {f"model.{name}": value for name, value in model.state_dict().items()} | {
        "skipped": torch.zeros(())
    }
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save({"state_dict": weights, RUN_KEY: story}, folder / "last.ckpt")
    return tmp_path / "run", model


def test_exported_weights_load_and_are_the_runs(run, tmp_path):
    path, model = run
    export(path, tmp_path / "small")
    loaded = from_pretrained(tmp_path / "small").model
    assert loaded.config == model.config
    for a, b in zip(model.parameters(), loaded.parameters(), strict=True):
        torch.testing.assert_close(a, b.float(), rtol=2**-8, atol=1e-6)


def test_the_card_tells_the_story(run, tmp_path):
    export(run[0], tmp_path / "small")
    card = (tmp_path / "small" / "MODEL_CARD.md").read_text()
    for fact in (
        "# small",
        "3,840 in 30 steps",
        "1.50 hours",
        "an abacus",
        "25.0%",
        "classical suites: 12.5%",
        "number tokens: 0.042",
        '"seed": 3',
    ):
        assert fact in card
    curve = [line for line in card.splitlines() if line.startswith("| ")]
    assert 2 < len(curve) <= 13
    assert curve[-1].startswith("| 3,840 | 30 |")
    assert "![Learning curve](learning_curve.png)" in card
    picture = (tmp_path / "small" / "learning_curve.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 60_000


def test_without_matplotlib_the_card_has_no_picture(run, tmp_path, monkeypatch):
    monkeypatch.setattr("training.export.find_spec", lambda name: None)
    export(run[0], tmp_path / "small")
    assert not (tmp_path / "small" / "learning_curve.png").exists()
    assert "![" not in (tmp_path / "small" / "MODEL_CARD.md").read_text()


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no checkpoint"):
        load_run(tmp_path)
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(ValueError, match=r"not written by training\.main"):
        load_run(tmp_path / "other.ckpt")
