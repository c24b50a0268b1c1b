"""A small network with random weights, and what it says of whole sequences."""

import torch

from nsr.network.config import ModelConfig
from nsr.network.grammar import Grammar
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer

TOKENIZER = Tokenizer()
CONFIG = ModelConfig(
    vocab_size=TOKENIZER.vocab_size, d_model=32, n_heads=4, d_ffn=48, n_latents=8, n_encoder_layers=1,
    n_decoder_layers=1, max_length=40,
)  # fmt: skip
torch.manual_seed(0)
MODEL = Model(CONFIG).eval()
with torch.no_grad():
    MODEL.head.weight.mul_(10)  # spread the logits, so that mistakes in them show
GRAMMAR = Grammar(TOKENIZER)


def memory_of(n_problems: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n_problems)
    return torch.randn(n_problems, CONFIG.n_latents, CONFIG.d_model, generator=generator)


@torch.inference_mode()
def teacher_forced(memory, count, ids, limit):
    """Grammar-masked logits before each of ids and eos, by the forward pass over the whole sequence."""
    logits = MODEL.decode(memory, torch.tensor([[TOKENIZER.bos_id, *ids]]))[0]
    state = GRAMMAR.start(count, limit)
    masks = []
    for token in [*ids, TOKENIZER.eos_id]:
        masks.append(GRAMMAR.allowed(state)[0])
        state = GRAMMAR.advance(state, torch.tensor([token]))
    return logits.masked_fill(~torch.stack(masks), float("-inf"))
