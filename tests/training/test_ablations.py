"""The arms of the ablations differ from the default in what they say, and leave no trace behind."""

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import torch
import typer
from sklearn.preprocessing import StandardScaler

from generators.equations import EquationSampler
from generators.expressions import ExpressionConfig
from generators.functions import FunctionConfig, FunctionGenerator
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.network import p10
from nsr.network.config import ModelConfig
from nsr.network.model import N_SMOOTH, number_features
from nsr.network.tokenizer import Tokenizer
from training import ablations
from training.ablations import main, run, table
from training.arms import ARMS, digit_features, whitened
from training.development import DevelopmentConfig
from training.module import Pretraining
from training.stream import StreamConfig

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*`isinstance.treespec, LeafSpec.`"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


@pytest.fixture
def within():
    """Puts a test inside the patches of an arm."""
    with ExitStack() as stack:
        yield lambda name: [stack.enter_context(each()) for each in ARMS[name].patches]


def spoken(text: str) -> str:
    tokenizer = Tokenizer()
    return " ".join(tokenizer.vocabulary[i] for i in tokenizer.encode(parse(text)))


@pytest.mark.parametrize("name", ARMS)
def test_every_arm_trains_and_is_measured(name, monkeypatch):
    if ARMS[name].systems is None:  # what is guessed ends early; systems need their length
        shape = ablations._shape(ARMS[name])
        monkeypatch.setattr(ablations, "_shape", lambda arm: replace(shape, max_length=48))
    monkeypatch.setattr(ablations, "DEVELOPMENT", DevelopmentConfig(4, 16, 1, 1))
    small = replace(
        ARMS[name],
        functions=replace(ARMS[name].functions, max_points=20),
        stream=StreamConfig(batch_size=8, chunk_size=16, n_workers=0, reuse=2),
    )
    figures = run(small, 16)
    suites = ("systems", "noisy systems") if small.systems else ("generated", "classical")
    assert ("rescaled" in figures) == (name in ("default", "rescaled"))
    assert all(0 <= figures[suite] <= 1 for suite in suites)
    assert figures["minutes"] > 0
    assert spoken("2.57*x_0") == "mul + 2 5 7 E-2 x_0"  # whatever the arm changed is back


def test_whitening_is_scikit_learns():
    X = np.random.default_rng(0).uniform(1, 5, (2, 50, 3))
    X[0, :, 2] = 0  # absent
    result = whitened(torch.from_numpy(X), 40).numpy()
    for table_, ours in zip(X, result, strict=True):
        theirs = StandardScaler().fit(table_[:40]).transform(table_)
        np.testing.assert_allclose(ours, theirs * np.sqrt(39 / 40), atol=1e-9)  # n - 1 in the deviation


def test_whitened_problems_are_standardised_before_the_target_is_computed(within):
    within("whitened")
    config = FunctionConfig(min_points=200, max_points=200, noise_share=0.0)
    problems = FunctionGenerator(config, seed=0).batch(50)
    present = problems.X[np.arange(50), :, 0]
    # Where points outside an equation's domain were replaced, the others no longer are.
    assert np.median(np.abs(present.mean(axis=1))) < 1e-6
    assert np.median(present.std(axis=1)) == pytest.approx(1, abs=0.01)


def test_digit_features_are_those_of_p10():
    values = np.array([3.14, -0.00271, 999.7, 0.0, 5e4], dtype=np.float32)
    features = digit_features(torch.from_numpy(values))
    torch.testing.assert_close(
        features[:, :N_SMOOTH], number_features(torch.from_numpy(values))[:, :N_SMOOTH]
    )
    places = features[:, N_SMOOTH : N_SMOOTH + 30].reshape(5, 3, 10)
    mantissa = (places.argmax(-1) * torch.tensor([100, 10, 1])).sum(-1).numpy()
    expected = p10.encode(values)
    np.testing.assert_array_equal(mantissa[[0, 1, 4]], expected.mantissa[[0, 1, 4]])
    np.testing.assert_array_equal(features[:, -1].numpy(), values < 0)
    assert not features[3].any()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("one_digit", "mul + 3 0 0 E-2 x_0"),
        ("placeholder", "mul + 1 0 0 E-2 x_0"),
        ("five_digits", "mul + 2 5 7 1 3 E-4 x_0"),
    ],
)
def test_arms_say_constants_in_their_own_way(name, expected, within):
    within(name)
    assert spoken("2.5713*x_0") == expected


def test_the_old_optimiser_is_adamw_for_everything(within):
    within("adamw")
    module = Pretraining(ModelConfig(Tokenizer().vocab_size, d_model=32, n_heads=2))
    optimizer = module.configure_optimizers()
    assert type(optimizer) is torch.optim.AdamW
    decays = {p: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert {p: decay > 0 for p, decay in decays.items()} == {p: p.dim() > 1 for p in module.parameters()}


def test_raw_targets_are_not_simplified(within):
    within("raw")
    equations = EquationSampler(ExpressionConfig(), seed=0).draw(200)
    assert np.mean([simplify(equation) != equation for equation in equations]) > 0.2


def test_arms_that_were_run_are_not_run_again(tmp_path, capsys, monkeypatch):
    output = tmp_path / "arms.jsonl"
    output.write_text('{"arm": "raw", "generated": 0.125, "classical": 0.5, "minutes": 3}\n')
    monkeypatch.setattr(ablations, "problems", dict)
    main(["raw"], output=output)
    assert "| raw | targets: simplified or as drawn | 12.5% | 50.0% | 3.0 |" in capsys.readouterr().out
    assert table([]).count("\n") == 1


def test_an_unknown_arm_is_refused(tmp_path):
    with pytest.raises(typer.BadParameter, match="no arm nonsense"):
        main(["nonsense"], output=tmp_path / "arms.jsonl")
