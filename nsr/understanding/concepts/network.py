"""A network that answers questions about what it has observed through a narrow bottleneck."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

_BATCH, _RATE = 128, 3e-3


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Attributes:
        hidden: Width of the two hidden layers of encoder and decoder.
        thrift: Weight of the information that latents carry, in nats, beside the squared error in units of
            the answers' variance: the larger, the fewer latents are used.
        n_steps: Steps of Adam, of 128 observations each.
        seed: Of weights, batches and noise.
    """

    hidden: int = 64
    thrift: float = 0.03
    n_steps: int = 2500
    seed: int = 0


class BottleneckNetwork(nn.Module):
    """Encoder and decoder of SciNet (Iten et al., arXiv:1807.10300), with a variational bottleneck.

    Attributes:
        encoder: From an observation to means and logarithms of variances of latents.
        decoder: From latents and a question to the answer.
    """

    def __init__(self, n_observed: int, n_asked: int, n_latents: int, hidden: int) -> None:
        super().__init__()
        self.encoder = _layers(n_observed, hidden, 2 * n_latents)
        self.decoder = _layers(n_latents + n_asked, hidden, 1)

    def encoded(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances of latents, shape (n, n_latents) each."""
        mean, log_variance = self.encoder(observations).chunk(2, dim=-1)
        return mean, log_variance.clamp(-12, 4)

    def answers(self, latents: Tensor, questions: Tensor) -> Tensor:
        """Answers, shape (n, n_questions).

        Args:
            latents: Shape (n, n_latents).
            questions: Shape (n, n_questions, n_asked).
        """
        repeated = latents[:, None].expand(-1, questions.shape[1], -1)
        result: Tensor = self.decoder(torch.cat([repeated, questions], dim=-1)).squeeze(-1)
        return result


def nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """What each latent tells at most, in nats: its divergence from a standard normal; shape (k,)."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean(dim=0)


def trained(
    observations: Tensor, questions: Tensor, answers: Tensor, n_latents: int, training: Training
) -> BottleneckNetwork:
    """A network that is trained to the squared error, with as little information in latents as it needs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        sizes = observations.shape[-1], questions.shape[-1], n_latents
        network = BottleneckNetwork(*sizes, training.hidden)
    draw = torch.Generator().manual_seed(training.seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=training.n_steps)
    for _ in range(training.n_steps):
        batch = torch.randint(len(observations), (_BATCH,), generator=draw)
        mean, log_variance = network.encoded(observations[batch])
        noise = torch.randn(mean.shape, generator=draw)
        said = network.answers(mean + (0.5 * log_variance).exp() * noise, questions[batch])
        loss = (said - answers[batch]).square().mean() + training.thrift * nats(mean, log_variance).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return network


def _layers(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_in, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, n_out)
    )
