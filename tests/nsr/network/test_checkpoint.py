import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from nsr.network import checkpoint
from nsr.network.checkpoint import CheckpointError, from_pretrained, save_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer

TOKENIZER = Tokenizer()
CONFIG = ModelConfig(vocab_size=TOKENIZER.vocab_size, d_model=16, n_heads=2, d_ffn=16, n_latents=4)


@pytest.fixture
def folder(tmp_path):
    save_pretrained(tmp_path / "small", Model(CONFIG), TOKENIZER, torch.float32, {"samples": 7})
    return tmp_path / "small"


def test_round_trip(folder):
    loaded = from_pretrained(folder)
    assert loaded.config == CONFIG
    assert loaded.metadata == {"samples": 7}
    assert not loaded.model.training
    stored = load_file(folder / "model.safetensors")
    for name, value in loaded.model.state_dict().items():
        torch.testing.assert_close(value, stored[name])


def test_a_loaded_network_answers_as_the_saved_one_and_can_be_trained(tmp_path):
    model = Model(CONFIG).eval()
    save_pretrained(tmp_path / "copy", model, TOKENIZER, torch.float32)
    loaded = from_pretrained(str(tmp_path / "copy")).model
    inputs = (torch.randn(2, 5, 3), torch.randn(2, 5), torch.tensor([3, 2]), torch.tensor([[1, 9], [1, 8]]))
    torch.testing.assert_close(loaded(*inputs), model(*inputs))
    loaded(*inputs).sum().backward()
    assert all(parameter.grad is not None for parameter in loaded.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_bfloat16_halves_the_file_and_answers_alike(folder, tmp_path, dtype, monkeypatch):
    monkeypatch.setattr(checkpoint, "fastest_dtype", lambda device: dtype)
    model = from_pretrained(folder).model
    save_pretrained(tmp_path / "half", model, TOKENIZER)
    sizes = [(path / "model.safetensors").stat().st_size for path in (tmp_path / "half", folder)]
    assert sizes[0] < 0.55 * sizes[1]
    half = from_pretrained(tmp_path / "half").model
    assert {parameter.dtype for parameter in half.parameters()} == {dtype}
    inputs = (torch.randn(2, 5, 3), torch.randn(2, 5), torch.tensor([3, 2]), torch.tensor([[1, 9], [1, 8]]))
    torch.testing.assert_close(half(*inputs).float(), model(*inputs), rtol=0.03, atol=0.03)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(CheckpointError, match="no checkpoint 'nonsense'"):
        from_pretrained("nonsense")


def edit_config(folder, change):
    path = folder / "config.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def edit_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "config.json").write_text("{"), "damaged"),
        (lambda f: (f / "config.json").write_text('{"model_type": "bert"}'), "another program"),
        (lambda f: edit_config(f, lambda c: c["model"].pop("d_model")), "does not describe"),
        (lambda f: edit_config(f, lambda c: c["model"].update(d_model="wide")), "does not describe"),
        (lambda f: edit_config(f, lambda c: c["model"].update(n_heads=3)), "multiple of n_heads"),
        (lambda f: edit_config(f, lambda c: c["model"].update(n_heads=0)), "at least 1"),
        (lambda f: edit_config(f, lambda c: c["model"].update(d_ffn=-4)), "at least 1"),
        (lambda f: edit_config(f, lambda c: c["model"].update(n_latents=True)), "does not describe"),
        (lambda f: edit_config(f, lambda c: c["model"].update(d_ffn=32)), "does not fit"),
        (lambda f: edit_config(f, lambda c: c["model"].update(d_ffn=10**9)), "does not fit"),
        (lambda f: edit_config(f, lambda c: c["model"].update(n_latents=10**18)), "does not fit"),
        (lambda f: edit_config(f, lambda c: c["model"].update(n_decoder_layers=10**18)), "does not fit"),
        (lambda f: edit_config(f, lambda c: c["model"].update(max_length=10**400)), "damaged|does not fit"),
        (lambda f: (f / "config.json").write_text("[" * 100_000), "damaged"),
        (lambda f: edit_config(f, lambda c: c["model"].update(n_decoder_layers=1)), "does not fit"),
        (lambda f: edit_config(f, lambda c: c["model"].update(vocab_size=7)), "disagree"),
        (lambda f: (f / "tokenizer.json").unlink(), "missing"),
        (lambda f: (f / "tokenizer.json").write_text("[]"), "damaged"),
        (lambda f: (f / "model.safetensors").unlink(), "missing"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x80\x02pickle"), "damaged"),
        (lambda f: save_file({"other": torch.ones(1)}, f / "model.safetensors"), "does not fit"),
        (lambda f: edit_weights(f, lambda w: w["latents"].fill_(float("nan"))), "latents holds NaN"),
        (lambda f: edit_weights(f, lambda w: w.pop("latents")), "does not fit"),
    ],
)  # fmt: skip
def test_damaged_and_foreign_checkpoints_are_refused_with_the_reason(folder, damage, message):
    damage(folder)
    with pytest.raises(CheckpointError, match=message):
        from_pretrained(folder)


def test_a_truncated_file_is_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        from_pretrained(folder)


def test_a_failed_write_leaves_the_old_checkpoint(folder, monkeypatch):
    before = (folder / "model.safetensors").read_bytes()

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_pretrained(folder, Model(CONFIG), TOKENIZER)
    assert (folder / "model.safetensors").read_bytes() == before
    assert sorted(p.name for p in folder.parent.iterdir()) == ["small"]


def test_a_network_for_another_subject_is_refused_with_the_right_name(folder):
    assert from_pretrained(folder, knows="functions").config == CONFIG
    with pytest.raises(CheckpointError, match="knows functions, and systems are needed here; use 'nsr-ode'"):
        from_pretrained(folder, knows="systems")
    match = "knows systems, and functions are needed here; use 'nsr-small'"
    with pytest.raises(CheckpointError, match=match):
        from_pretrained("nsr-ode", knows="functions")


def test_weights_that_ship_are_read_when_they_are_asked_for_and_others_at_once(folder, monkeypatch):
    read = []
    monkeypatch.setattr(
        checkpoint, "_loaded", lambda config, path, device: read.append(path) or Model(config)
    )
    pretrained = from_pretrained("nsr-small")
    assert pretrained.config.max_variables == pretrained.tokenizer.max_variables
    assert not read
    assert pretrained.model is pretrained.model
    assert [path.parent.name for path in read] == ["nsr-small"]
    from_pretrained(folder)
    assert [path.parent.name for path in read] == ["nsr-small", "small"]
