"""Configs without jsonargparse: they say the same as with it."""

from dataclasses import asdict
from pathlib import Path

import jsonargparse
import pytest
import yaml

from generators.functions import FunctionConfig
from generators.systems import SystemConfig
from training.config_file import from_mapping, read_config
from training.data import ProblemData
from training.module import OptimizerConfig, Pretraining

CONFIGS = sorted((Path(__file__).parents[2] / "training" / "configs").glob("*.yaml"))


def plain(value):
    """Tuples and lists alike."""
    if isinstance(value, dict):
        return {name: plain(own) for name, own in value.items()}
    return [plain(own) for own in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs_say_what_the_training_command_reads(path):
    ours = read_config(path)
    settings = yaml.safe_load(path.read_text())
    settings["model"]["network"] = settings["model"].get("network", {}) | {
        "vocab_size": ours.network.vocab_size
    }
    parser = jsonargparse.ArgumentParser()
    parser.add_class_arguments(Pretraining, "model")
    parser.add_class_arguments(ProblemData, "data")
    theirs = parser.parse_object({name: settings.get(name, {}) for name in ("model", "data")}).as_dict()
    for name in ("network", "optimizer", "schedule", "development"):
        assert plain(asdict(getattr(ours, name))) == plain(theirs["model"][name]), name
    assert plain(asdict(ours.stream)) == plain(theirs["data"]["stream"])
    kind = "systems" if isinstance(ours.prior, SystemConfig) else "functions"
    assert plain(asdict(ours.prior)) == plain(theirs["data"][kind])
    assert (ours.init_from, ours.compile_network) == (
        theirs["model"]["init_from"],
        theirs["model"]["compile_network"],
    )


def test_what_stands_in_dataclasses_is_read_too():
    config = from_mapping(FunctionConfig, {"max_points": 64, "expressions": {"physics_share": 0.5}})
    assert (config.max_points, config.expressions.physics_share) == (64, 0.5)
    assert from_mapping(OptimizerConfig, {"betas": [0.8, 0.9]}).betas == (0.8, 0.9)


def test_a_misspelt_field_is_named():
    with pytest.raises(ValueError, match="OptimizerConfig has no learning_rate; it has average_decay, betas"):
        from_mapping(OptimizerConfig, {"learning_rate": 1.0})
