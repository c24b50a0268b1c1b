"""A checkpoint that knows nothing: what is found with it is up to everything but the network."""

import tempfile
from pathlib import Path

import torch

from nsr.network.checkpoint import save_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer


def save_untrained(folder: Path) -> str:
    """Writes a tiny untrained checkpoint; the same one every time."""
    torch.manual_seed(0)
    tokenizer = Tokenizer()
    config = ModelConfig(tokenizer.vocab_size, d_model=16, n_heads=2, d_ffn=16, n_latents=4, max_length=16)
    save_pretrained(folder, Model(config), tokenizer)
    return str(folder)


# A fixed place: its name is part of test names, which parallel runs compare.
UNTRAINED = save_untrained(Path(tempfile.gettempdir()) / "nsr-tests" / "untrained")
