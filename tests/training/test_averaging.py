"""Averaged weights: what they are, where they appear, and that they leave training as it is."""

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from training.averaging import AveragedWeights

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*`isinstance.treespec, LeafSpec.`"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


class Walk(pl.LightningModule):
    """One weight and one buffer, both of which move in every step."""

    def __init__(self, stop_at_validation: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([5.0]))
        self.register_buffer("count", torch.zeros(()))
        self.stop_at_validation = stop_at_validation
        self.weights, self.validated = [], []

    def training_step(self, batch, batch_idx):
        self.count += 1
        return (self.weight - 2) ** 2

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.weights.append(self.weight.item())

    def validation_step(self, batch, batch_idx):
        self.validated.append(self.weight.item())
        if self.stop_at_validation:
            raise KeyboardInterrupt

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(module: Walk, n_steps: int, *callbacks: pl.Callback, ckpt_path=None) -> pl.Trainer:
    data = DataLoader(torch.zeros(6, 1))
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=n_steps,
        callbacks=[AveragedWeights(decay=0.25), *callbacks],
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=bool(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, data, DataLoader(torch.zeros(1, 1)), ckpt_path=ckpt_path)
    return trainer


class SaveAtTheEnd(pl.callbacks.Checkpoint):
    def __init__(self, path):
        self.path = path

    def on_train_end(self, trainer, pl_module):
        trainer.save_checkpoint(self.path)

    on_exception = lambda self, trainer, pl_module, exception: trainer.save_checkpoint(self.path)  # noqa: E731


def expected(weights: list[float]) -> float:
    """The average as its definition says it."""
    average = weights[0]
    for n, weight in enumerate(weights[1:], 2):
        kept = min(0.25, n / (n + 9))
        average = kept * average + (1 - kept) * weight
    return average


def test_validation_and_the_end_see_the_average_of_all_steps():
    walk = Walk()
    fit(walk, 6)
    assert len(walk.weights) == 6
    assert walk.validated == [pytest.approx(expected(walk.weights))]
    assert walk.weight.item() == pytest.approx(expected(walk.weights))
    assert float(walk.count) == 6


def test_validation_does_not_disturb_training():
    walk = Walk()
    fit(walk, 12)
    assert len(walk.validated) == 2
    # Gradient descent in a parabola: the distance shrinks by a fifth in every step.
    assert walk.weights == pytest.approx([2 + 3 * 0.8**n for n in range(1, 13)])


def test_a_finished_run_goes_on_from_its_own_weights(tmp_path):
    whole, first, second = Walk(), Walk(), Walk()
    fit(whole, 12)
    fit(first, 6, SaveAtTheEnd(tmp_path / "end.ckpt"))
    fit(second, 12, ckpt_path=tmp_path / "end.ckpt")
    assert first.weights + second.weights == whole.weights
    assert second.weight.item() == whole.weight.item()
    assert float(second.count) == 12


def test_what_is_saved_is_the_average_even_when_a_validation_is_interrupted(tmp_path):
    walk = Walk(stop_at_validation=True)
    with pytest.raises(SystemExit):
        fit(walk, 6, SaveAtTheEnd(tmp_path / "end.ckpt"))
    saved = torch.load(tmp_path / "end.ckpt", weights_only=True)
    assert float(saved["state_dict"]["weight"]) == pytest.approx(expected(walk.weights))
    assert float(saved["current_model_state"]["weight"]) == walk.weights[-1]
    assert float(saved["state_dict"]["count"]) == 6
