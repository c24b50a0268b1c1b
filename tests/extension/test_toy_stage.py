"""A stage from outside the package: one class, and one line that registers it."""

import numpy as np
from tasks import task
from untrained import save_untrained

from nsr.clock import Clock
from nsr.expressions.expression import apply, constant, variable
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.candidates import fitted
from nsr.search import registry
from nsr.search.settings import SearchSettings
from nsr.search.solve import Solver


class Ripples:
    """Waves of one frequency that nothing else here would look for."""

    components = frozenset()
    head_start = 1.0
    share = 1.0

    def batches(self, context, clock):
        waves = [
            apply("sin", apply("mul", constant(97.0), variable(i))) for i in range(context.task.n_variables)
        ]
        terms = [apply("mul", constant(1.1), wave) for wave in waves]
        yield fitted(terms, context.root, context.settings.polished, clock, "ripples")


def test_a_stage_is_found_in_the_answer(monkeypatch, tmp_path, rng):
    monkeypatch.setattr(registry, "STAGES", [*registry.STAGES, lambda settings: Ripples()])
    X = rng.uniform(0, 1, (400, 2))
    own = task(X, 2.5 * np.sin(97 * X[:, 1]))
    network = from_pretrained(save_untrained(tmp_path / "untrained"))
    solution, _ = Solver(network, 16, ("reduction",), SearchSettings()).solve(own, [], Clock.of(60))
    best = solution.candidates[solution.best]
    assert best.stage == "ripples"
    assert own.is_exact(best.loss)
