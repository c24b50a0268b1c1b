"""Weights of a network that knows functions as the start of one that knows systems.

A system's right-hand side is a function of its states, so nearly everything carries over: how numbers are
read, and how expressions are written. What the other network lacks begins as it would without it.
"""

from __future__ import annotations

from dataclasses import asdict

import torch
from torch import Tensor

from nsr.network.checkpoint import Pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import N_BITS, N_SMOOTH, Model
from nsr.network.tokenizer import Tokenizer

# What a network for systems has its own of.
_OWN = {"vocab_size", "max_variables", "max_length", "n_targets"}
_BY_TOKEN = ("tokens.weight", "head.weight")
_TARGET = "points.target.weight"


@torch.no_grad()
def transferred(pretrained: Pretrained, config: ModelConfig) -> Model:
    """A network for systems that begins with the weights of one for functions.

    Tokens keep their vectors, whatever their ids. The first state's slope is read as the target was.

    Args:
        pretrained: The network for functions and its tokenizer.
        config: Shape of the new one; all but its inputs, vocabulary and length as the other's.

    Raises:
        ValueError: If the shapes differ in more than that.
    """
    theirs = asdict(pretrained.config)
    wrong = [name for name, value in asdict(config).items() if name not in _OWN and value != theirs[name]]
    if wrong:
        raise ValueError(f"only a network of the same {', '.join(wrong)} can be the start")
    model = Model(config)
    own = model.state_dict()
    for name, weights in pretrained.model.float().state_dict().items():
        if name in _BY_TOKEN:
            _copy_by_token(own[name], weights, Tokenizer(config.max_variables), pretrained.tokenizer)
        elif name == _TARGET:
            n_features = N_BITS + N_SMOOTH
            own[name][:, n_features : 2 * n_features] = weights  # the window's width comes first
        else:
            _copy_corner(own[name], weights)
    model.load_state_dict(own)
    return model


def _copy_by_token(own: Tensor, theirs: Tensor, tokenizer: Tokenizer, other: Tokenizer) -> None:
    for token, place in tokenizer.ids.items():
        if token in other.ids:
            own[place] = theirs[other.ids[token]]


def _copy_corner(own: Tensor, theirs: Tensor) -> None:
    """Copies what both have: the first variables, the first positions."""
    corner = tuple(slice(0, min(sizes)) for sizes in zip(own.shape, theirs.shape, strict=True))
    own[corner] = theirs[corner]
