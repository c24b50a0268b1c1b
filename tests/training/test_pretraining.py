"""A run: it learns, survives bad steps, stops when hopeless, and resumes exactly."""

from dataclasses import asdict, replace
from itertools import islice

import lightning.pytorch as pl
import pytest
import torch

from generators.functions import FunctionConfig
from nsr.network.checkpoint import save_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from training.data import ProblemData
from training.development import DevelopmentConfig
from training.module import RUN_KEY, OptimizerConfig, Pretraining, TrainingError
from training.schedule import Schedule, share_done
from training.stream import Batch, ProblemStream, StreamConfig

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*`isinstance.treespec, LeafSpec.`"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*Checkpoint directory"),
]

TOKENIZER = Tokenizer()
NETWORK = ModelConfig(
    TOKENIZER.vocab_size, d_model=32, n_heads=2, n_encoder_layers=1, n_decoder_layers=1, d_ffn=64, n_latents=8
)
FUNCTIONS = FunctionConfig(min_points=10, max_points=20)
STREAM = StreamConfig(batch_size=8, chunk_size=16, n_workers=0)
DEVELOPMENT = DevelopmentConfig(n_problems=8, n_points=16, n_candidates=4, restarts=1)


def module(**options) -> Pretraining:
    torch.manual_seed(0)
    return Pretraining(NETWORK, schedule=Schedule(warmup_steps=2), development=DEVELOPMENT, **options)


def data(stream: StreamConfig = STREAM) -> ProblemData:
    return ProblemData(FUNCTIONS, stream)


def trainer(max_steps: int, *callbacks: pl.Callback, **options) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_steps=max_steps,
        max_epochs=-1,
        gradient_clip_val=1.0,
        log_every_n_steps=2,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        val_check_interval=1000,
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=any(isinstance(c, Recorder) for c in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


class Recorder(pl.callbacks.Checkpoint):
    """Keeps each step's loss and the problems it saw; saves a checkpoint after one step, last of all."""

    def __init__(self, save_at=None, path=None):
        self.save_at, self.path = save_at, path
        self.losses, self.seen = [], []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.losses.append(float(outputs["loss"]))
        self.seen.append(float(batch["y"].sum()))
        if trainer.global_step == self.save_at and not self.path.exists():
            trainer.save_checkpoint(self.path)


def batches(n: int) -> list[Batch]:
    return list(islice(ProblemStream(STREAM, FUNCTIONS, TOKENIZER, NETWORK.max_length), n))


def test_loss_falls_on_a_fixed_set():
    network = module(optimizer=OptimizerConfig(lr=5e-3))
    network.trainer = trainer(60)
    fixed = batches(2)
    optimizer = network.configure_optimizers()
    losses = []
    for step in range(60):
        loss = network.training_step(fixed[step % 2], step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-2:]) < 0.5 * losses[0]


def test_hidden_matrices_are_muons_and_only_matrices_decay():
    network = module()
    names = {parameter: name for name, parameter in network.model.named_parameters()}
    hidden, inputs, others = network.configure_optimizers().param_groups
    assert {names[p].split(".")[-2] for p in hidden["params"]} == {
        "query", "key_value", "out", "gate_up", "down"
    }  # fmt: skip
    assert {names[p] for p in inputs["params"]} == {
        "latents", "points.variables", "points.target.weight", "points.count.weight", "tokens.weight",
        "positions.weight", "head.weight",
    }  # fmt: skip
    assert all(p.dim() < 2 for p in others["params"])
    assert sum(len(group["params"]) for group in (hidden, inputs, others)) == len(names)
    assert hidden["weight_decay"] == inputs["weight_decay"] > 0 == others["weight_decay"]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_resumed_run_continues_identically(tmp_path, accumulate):
    path = tmp_path / "three.ckpt"
    whole, second = Recorder(3, path), Recorder()
    unbroken, resumed = module(), module()
    trainer(6, whole, accumulate_grad_batches=accumulate).fit(unbroken, data())
    trainer(6, second, accumulate_grad_batches=accumulate).fit(resumed, data(), ckpt_path=path)
    assert second.seen == whole.seen[3 * accumulate :]
    assert second.losses == whole.losses[3 * accumulate :]
    for a, b in zip(unbroken.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    assert resumed.samples_seen == unbroken.samples_seen == 6 * accumulate * STREAM.batch_size


def test_another_batch_size_begins_new_problems(tmp_path):
    path = tmp_path / "three.ckpt"
    first, second = Recorder(3, path), Recorder()
    trainer(4, first).fit(module(), data())
    other = StreamConfig(batch_size=16, chunk_size=16, n_workers=0)
    trainer(5, second).fit(module(), data(other), ckpt_path=path)
    assert len(second.seen) == 2
    assert not set(first.seen) & set(second.seen)


def test_the_run_ends_with_a_validation():
    network = module()
    trainer(2).fit(network, data())
    (row,) = network.history
    assert row["step"] == 2
    assert row["samples"] == 2 * STREAM.batch_size
    assert 0 <= row["val_accuracy"] <= 1
    assert 0 <= row["val_well_formed"] <= 1
    assert 0 <= row["val_recovered"] <= 1
    assert 0 <= row["val_recovered_classical"] <= 1


def test_the_classical_suites_can_be_left_out():
    network = module()
    network.development = replace(DEVELOPMENT, classical=False)
    trainer(2).fit(network, data())
    assert "val_recovered_classical" not in network.history[0]


def test_losses_by_kind_are_those_of_the_batches_since_the_last_report():
    network, whole = module(), Recorder()
    shown = {}
    loops = trainer(2, whole)
    loops.fit(network, data())
    for batch in batches(2):
        for token in batch["tokens"][:, 1:].flatten().tolist():
            kind = TOKENIZER.kinds[token]
            shown[kind] = shown.get(kind, 0) + (token != TOKENIZER.pad_id)
    bar = loops.progress_bar_metrics
    assert bar["train_loss"] == pytest.approx(sum(whole.losses) / 2)
    assert bar["samples/s"] > 0
    (row,) = network.history
    n_tokens = sum(shown.values())
    by_tokens = sum(row[f"train_loss_{kind}"] * n for kind, n in shown.items()) / n_tokens
    counts = [int((batch["tokens"][:, 1:] != TOKENIZER.pad_id).sum()) for batch in batches(2)]
    expected = sum(loss * n for loss, n in zip(whole.losses, counts, strict=True)) / n_tokens
    assert by_tokens == pytest.approx(expected, rel=1e-5)


def test_a_time_limit_ends_the_run_and_its_learning_rate():
    network = module()
    limited = trainer(-1, max_time={"seconds": 1})
    limited.fit(network, data())
    assert limited.global_step > 0
    assert [row["step"] for row in network.history] == [limited.global_step]
    assert share_done(limited) >= 1


def test_a_bad_step_is_skipped_and_counted():
    network = module()
    states = []

    class Watch(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            states.append([p.detach().clone() for p in pl_module.parameters()])

    class PoisonOne(pl.Callback):
        def on_after_backward(self, trainer, pl_module):
            if trainer.global_step == 1:
                pl_module.model.head.weight.grad.fill_(float("inf"))

    trainer(3, Watch(), PoisonOne()).fit(network, data())
    assert float(network.skipped) == 1
    assert float(network.skipped_in_a_row) == 0
    assert all(torch.equal(a, b) for a, b in zip(states[0], states[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(states[1], states[2], strict=True))


def test_many_bad_steps_stop_the_run():
    network = module(optimizer=OptimizerConfig(max_skipped=4))

    class PoisonAll(pl.Callback):
        def on_after_backward(self, trainer, pl_module):
            pl_module.model.head.weight.grad.fill_(float("nan"))

    before = [p.detach().clone() for p in network.parameters()]
    with pytest.raises(TrainingError, match=r"not finite for 4 steps.*model\.optimizer\.lr"):
        trainer(100, PoisonAll()).fit(network, data())
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_starting_from_other_weights(tmp_path):
    torch.manual_seed(1)
    source = Model(NETWORK)
    save_pretrained(tmp_path, source, TOKENIZER, dtype=torch.float32)
    network = module(init_from=str(tmp_path))
    assert network.model.config == NETWORK
    for a, b in zip(source.parameters(), network.model.parameters(), strict=True):
        assert torch.equal(a, b)
        assert b.dtype == torch.float32


def test_a_checkpoint_of_another_shape_is_refused():
    network = module()
    run = {"network": asdict(network.model.config) | {"d_model": 48, "vocab_size": 7}}
    with pytest.raises(TrainingError, match=r"'vocab_size': 7, 'd_model': 48.*config the run began with"):
        network.on_load_checkpoint({RUN_KEY: run})
