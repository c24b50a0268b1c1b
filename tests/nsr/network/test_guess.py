"""Probabilities of guesses, against those of writing them token by token."""

import numpy as np
import pytest
import torch
from untrained import save_untrained

from nsr.network.checkpoint import from_pretrained
from nsr.network.guess import _log_probabilities, _Views


def test_probabilities_are_those_of_writing_token_by_token(tmp_path, rng):
    pretrained = from_pretrained(save_untrained(tmp_path / "untrained"))
    tokenizer, model = pretrained.tokenizer, pretrained.model
    X = rng.uniform(1, 2, (20, 2))
    views = _Views.of(pretrained, X, X[:, 0] + X[:, 1], 2, 0)
    words = [[tokenizer.ids["x_0"]], [tokenizer.ids["add"], tokenizer.ids["x_0"], tokenizer.ids["x_1"]]]
    found = _log_probabilities(pretrained, views, [words, words[1:]])
    for place, own in enumerate([words, words[1:]]):
        for ids, log in zip(own, found[place], strict=True):
            with torch.inference_mode():
                cache = model.start_cache(views.memory[place : place + 1], 1)
                total = 0.0
                for token, following in zip([tokenizer.bos_id, *ids], [*ids, tokenizer.eos_id], strict=True):
                    logits = model.step(torch.tensor([[token]]), cache)[0, 0].float()
                    total += float(logits.log_softmax(-1)[following])
            assert log == pytest.approx(total, rel=0.02)
    assert np.isfinite(found[0]).all()
