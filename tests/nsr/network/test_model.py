import math

import numpy as np
import pytest
import torch

from nsr.network.config import ModelConfig
from nsr.network.model import N_BITS, Model, number_features
from nsr.network.tokenizer import Tokenizer

CONFIG = ModelConfig(
    vocab_size=Tokenizer().vocab_size, d_model=32, n_heads=4, d_ffn=48, n_latents=8, n_encoder_layers=2,
    n_decoder_layers=2, max_length=24,
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    return Model(CONFIG).eval()


def problems(n_problems=3, n_points=17, n_columns=4):
    generator = torch.Generator().manual_seed(1)
    X = torch.randn(n_problems, n_points, n_columns, generator=generator)
    y = torch.randn(n_problems, n_points, generator=generator)
    n_variables = torch.tensor([2, 4, 3])[:n_problems]
    return X * (torch.arange(n_columns) < n_variables[:, None, None]), y, n_variables


def test_bits_keep_every_digit_of_a_float32():
    values = torch.tensor([1.0, 1.0 + 2**-23, -3.75, 0.0, 1e30])
    bits = number_features(values)[:, -N_BITS:].to(torch.int64)
    read = (bits << torch.arange(N_BITS)).sum(-1).numpy().astype(np.uint32).view(np.float32)
    np.testing.assert_array_equal(read, values.numpy())
    assert torch.all(number_features(torch.zeros(1)) == 0)


def test_order_of_points_does_not_matter(model):
    X, y, n_variables = problems()
    order = torch.randperm(X.shape[1], generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        torch.testing.assert_close(
            model.encode(X[:, order], y[:, order], n_variables),
            model.encode(X, y, n_variables),
            atol=1e-5,
            rtol=1e-5,
        )


def test_absent_columns_may_be_left_out(model):
    X, y, n_variables = problems()
    padded = torch.cat((X, torch.zeros(3, 17, 6)), dim=2)
    with torch.inference_mode():
        torch.testing.assert_close(model.encode(padded, y, n_variables), model.encode(X, y, n_variables))


def test_the_number_of_variables_is_seen(model):
    X, y, n_variables = problems()
    with torch.inference_mode():
        difference = model.encode(X, y, n_variables + 1) - model.encode(X, y, n_variables)
    assert difference.abs().max() > 1e-3


def test_stepping_with_a_cache_equals_the_whole_sequence(model):
    X, y, n_variables = problems()
    tokens = torch.randint(0, CONFIG.vocab_size, (3, 5, 20), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        memory = model.encode(X, y, n_variables)
        whole = model.decode(memory.repeat_interleave(5, 0), tokens.flatten(0, 1)).view(3, 5, 20, -1)
        cache = model.start_cache(memory, 5)
        for i in range(4):
            torch.testing.assert_close(
                model.step(tokens[:, :, i], cache), whole[:, :, i], atol=1e-5, rtol=1e-5
            )
        kept = torch.tensor([[4, 2], [0, 1], [3, 3]])
        cache.select((kept + 5 * torch.arange(3)[:, None]).flatten())
        for i in range(4, 20):
            step = model.step(torch.gather(tokens[:, :, i], 1, kept), cache)
            expected = torch.gather(whole[:, :, i], 1, kept[..., None].expand(-1, -1, CONFIG.vocab_size))
            torch.testing.assert_close(step, expected, atol=1e-5, rtol=1e-5)


def test_later_tokens_do_not_change_earlier_logits(model):
    X, y, n_variables = problems()
    tokens = torch.randint(0, CONFIG.vocab_size, (3, 9))
    changed = tokens.clone()
    changed[:, 5:] = 7
    with torch.inference_mode():
        torch.testing.assert_close(
            model(X, y, n_variables, changed)[:, :5], model(X, y, n_variables, tokens)[:, :5]
        )


def test_training_attention_equals_the_fused_kernel(model):
    X, y, n_variables = problems()
    tokens = torch.randint(0, CONFIG.vocab_size, (3, 9))
    with torch.inference_mode():
        fused = model(X, y, n_variables, tokens)
    torch.testing.assert_close(model(X, y, n_variables, tokens), fused, atol=1e-4, rtol=1e-4)


def test_a_fresh_model_predicts_about_uniformly(model):
    X, y, n_variables = problems()
    tokens = torch.randint(0, CONFIG.vocab_size, (3, 20))
    with torch.inference_mode():
        logits = model(X, y, n_variables, tokens[:, :-1])
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    assert float(loss) == pytest.approx(math.log(CONFIG.vocab_size), abs=0.2)


@pytest.mark.parametrize("name", ["n_heads", "d_model", "n_latents", "max_length"])
def test_sizes_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1"):
        ModelConfig(**({"vocab_size": 10} | {name: 0}))


def test_width_must_divide_into_heads():
    with pytest.raises(ValueError, match="multiple of n_heads"):
        ModelConfig(vocab_size=10, d_model=30, n_heads=4)


def test_the_default_has_about_three_million_parameters():
    count = sum(p.numel() for p in Model(ModelConfig(Tokenizer().vocab_size)).parameters())
    assert 2.5e6 < count < 4e6


def test_forward_is_one_graph_for_the_compiler(model):
    X, y, n_variables = problems()
    tokens = torch.randint(0, CONFIG.vocab_size, (3, 9))
    compiled = torch.compile(model, backend="eager", fullgraph=True, dynamic=True)
    torch.testing.assert_close(compiled(X, y, n_variables, tokens), model(X, y, n_variables, tokens))


def test_points_may_have_several_targets():
    config = ModelConfig(vocab_size=30, d_model=16, n_heads=2, d_ffn=16, n_latents=4, n_targets=3)
    torch.manual_seed(0)
    several = Model(config).eval()
    X, y, count = torch.randn(2, 5, 2), torch.randn(2, 5, 3), torch.tensor([2, 2])
    with torch.inference_mode():
        memory = several.encode(X, y, count)
        changed = several.encode(X, y * torch.tensor([1.0, 1.0, 2.0]), count)
    assert memory.shape == (2, 4, 16)
    assert not torch.allclose(memory, changed)
