"""The configs of `training.main` read without jsonargparse, which a machine that is lent may lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from generators.functions import FunctionConfig
from generators.systems import SystemConfig
from nsr.network.config import ModelConfig
from nsr.network.tokenizer import Tokenizer
from training.development import DevelopmentConfig
from training.module import OptimizerConfig
from training.schedule import Schedule
from training.stream import StreamConfig

T = TypeVar("T")


@dataclass(frozen=True)
class RunConfig:
    """What a config file says about a run.

    Attributes:
        network: Shape of the network.
        optimizer: The optimiser.
        schedule: The learning rate.
        development: Effort of validation.
        stream: How problems are cut into batches.
        prior: What problems are drawn.
        run: Folder of the run.
        trainer: Arguments of Lightning's trainer.
        init_from: Checkpoint to start from.
        compile_network: Whether the step may be compiled.
    """

    network: ModelConfig
    optimizer: OptimizerConfig
    schedule: Schedule
    development: DevelopmentConfig
    stream: StreamConfig
    prior: FunctionConfig | SystemConfig
    run: Path
    trainer: Mapping[str, Any]
    init_from: str | None
    compile_network: bool

    def with_seed(self, seed: int) -> RunConfig:
        """The same with another seed of the stream."""
        return replace(self, stream=replace(self.stream, seed=seed))


def read_config(path: Path) -> RunConfig:
    """Reads a config.

    Raises:
        ValueError: If it names something that there is not.
    """
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    model, data = settings.get("model", {}), settings.get("data", {})
    shape = model.get("network", {})
    vocabulary = Tokenizer(shape.get("max_variables", ModelConfig.max_variables)).vocab_size
    systems = data.get("systems")
    return RunConfig(
        network=from_mapping(ModelConfig, {**shape, "vocab_size": vocabulary}),
        optimizer=from_mapping(OptimizerConfig, model.get("optimizer", {})),
        schedule=from_mapping(Schedule, model.get("schedule", {})),
        development=from_mapping(DevelopmentConfig, model.get("development", {})),
        stream=from_mapping(StreamConfig, data.get("stream", {})),
        prior=from_mapping(SystemConfig, systems)
        if systems
        else from_mapping(FunctionConfig, data.get("functions", {})),
        run=Path(settings.get("run", "runs/default")),
        trainer=settings.get("trainer", {}),
        init_from=model.get("init_from"),
        compile_network=model.get("compile_network", False),
    )


def from_mapping(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass from a mapping of its fields; dataclasses and tuples in it from mappings and lists.

    Raises:
        ValueError: If a field is not one of the class's.
    """
    hints = get_type_hints(kind)
    if unknown := sorted(set(values) - set(hints)):
        known = ", ".join(sorted(hints))
        raise ValueError(f"{kind.__name__} has no {', '.join(unknown)}; it has {known}")
    return kind(**{name: _converted(hints[name], value) for name, value in values.items()})


def _converted(kind: Any, value: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        return from_mapping(kind, value)
    return tuple(value) if isinstance(value, list) else value
