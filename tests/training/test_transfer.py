"""What a network for systems takes from one for functions."""

import pytest
import torch

from nsr.network.checkpoint import Pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from training.transfer import transferred

SHAPE = {
    "d_model": 16,
    "n_heads": 2,
    "n_encoder_layers": 1,
    "n_decoder_layers": 1,
    "d_ffn": 16,
    "n_latents": 4,
}


@pytest.fixture
def functions():
    torch.manual_seed(0)
    tokenizer = Tokenizer(10)
    config = ModelConfig(tokenizer.vocab_size, 10, **SHAPE)
    model = Model(config).eval()
    return Pretrained(lambda: model, tokenizer, config, "functions", {})


def test_of_one_state_it_writes_what_the_other_writes(functions):
    """The first state's slope in place of the target, and no width: all the same for all tokens both have."""
    tokenizer = Tokenizer(6)
    config = ModelConfig(tokenizer.vocab_size, 6, **SHAPE, max_length=192, n_targets=7)
    model = transferred(functions, config).eval()
    X, y = torch.rand(2, 30, 1), torch.rand(2, 30)
    rows = torch.zeros(2, 30, 7)
    rows[..., 1] = y
    tokens = torch.tensor([[1, 16, 20], [1, 30, 4]])
    count = torch.ones(2, dtype=torch.long)
    with torch.inference_mode():
        theirs = functions.model(X, y, count, tokens)
        ours = model(X, rows, count, tokens)
    shared = [functions.tokenizer.ids[token] for token in tokenizer.vocabulary]
    torch.testing.assert_close(ours, theirs[..., shared])


def test_another_width_is_no_start(functions):
    wider = ModelConfig(Tokenizer(6).vocab_size, 6, **{**SHAPE, "d_model": 32}, n_targets=7)
    with pytest.raises(ValueError, match="d_model"):
        transferred(functions, wider)
