"""The data of a run as a LightningDataModule: the stream, the development set, and their position."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
from torch.utils.data import DataLoader

from generators.functions import FunctionConfig
from generators.systems import SystemConfig
from training.development import classical_batches, development_batches
from training.module import Pretraining
from training.stream import Batch, Position, ProblemStream, StreamConfig, make_loader


class ProblemData(pl.LightningDataModule):
    """Endless training problems and a fixed development set.

    Args:
        functions: What problems are drawn.
        stream: How they are cut into batches, and by how many worker processes.
        systems: What systems are drawn, in place of functions.
    """

    def __init__(
        self,
        functions: FunctionConfig = FunctionConfig(),  # noqa: B008 (frozen)
        stream: StreamConfig = StreamConfig(),  # noqa: B008 (frozen)
        systems: SystemConfig | None = None,
    ) -> None:
        super().__init__()
        self.functions = functions
        self.stream = stream
        self.systems = systems
        self._start = Position()
        self._batches_before = 0  # consumed in earlier eras

    def train_dataloader(self) -> DataLoader[Batch]:
        """This rank's endless batches, from the position that was resumed."""
        module = self._module
        stream = ProblemStream(
            self.stream,
            self.prior,
            module.tokenizer,
            module.model.config.max_length,
            self._trainer.global_rank,
            self._start,
        )
        return make_loader(stream, pin_memory=module.device.type == "cuda")

    def val_dataloader(self) -> list[DataLoader[Batch]]:
        """The development set, and, for functions, the classical suites if they are asked for."""
        module = self._module
        config, tokenizer = module.development, module.tokenizer
        sets = [development_batches(config, self.prior, tokenizer, module.model.config.max_length)]
        if config.classical and self.systems is None:
            sets.append(classical_batches(config, tokenizer))
        return [DataLoader(batches, batch_size=None) for batches in sets]  # type: ignore[arg-type]

    def on_exception(self, exception: BaseException) -> None:  # noqa: ARG002 (Lightning's signature)
        """Ends the workers. Lightning ends those of the loop that was interrupted, which may be validation's.

        They outlive the signal by which Python would end them with the run, and it would wait for ever.
        """
        self._trainer.fit_loop.teardown()

    def state_dict(self) -> dict[str, Any]:
        """The stream's position, counted in batches that a finished step has used."""
        batches = self._trainer.global_step * self._trainer.accumulate_grad_batches
        return {
            "era": self._start.era,
            "batches_before": self._batches_before,
            "batches": batches,
            "layout": self._layout,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on where the checkpoint was; in a new era if the layout has changed."""
        batches = state_dict["batches"]
        if state_dict["layout"] == self._layout:
            self._batches_before = state_dict["batches_before"]
            self._start = Position(batches - self._batches_before, state_dict["era"])
        else:
            self._batches_before = batches
            self._start = Position(0, state_dict["era"] + 1)

    @property
    def prior(self) -> FunctionConfig | SystemConfig:
        """What problems are drawn."""
        return self.systems or self.functions

    @property
    def _layout(self) -> list[int]:
        stream = self.stream
        return [self._trainer.world_size, stream.n_workers, stream.batch_size, stream.chunk_size]

    @property
    def _trainer(self) -> pl.Trainer:
        if self.trainer is None:
            raise RuntimeError("the data of a run belong to a trainer; use training.main")
        return self.trainer

    @property
    def _module(self) -> Pretraining:
        module = self._trainer.lightning_module
        if not isinstance(module, Pretraining):
            raise TypeError("ProblemData goes with Pretraining")
        return module
