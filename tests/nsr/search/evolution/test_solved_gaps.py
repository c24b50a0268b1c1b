"""Parts that stand in for others are found out."""

import numpy as np
import pytest
from tasks import task
from untrained import save_untrained

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.candidates import scored
from nsr.search.engine import Search
from nsr.search.evolution.solved_gaps import StructureOfGaps
from nsr.search.settings import SearchSettings

# A polynomial of the ratio stands where a root of it is right.
STAND_IN = "(x_0 - x_1*x_3)*(1.02 - 0.12*x_1/x_2 + 0.93*(x_1/x_2)**2)"


@pytest.fixture
def searched(tmp_path, rng):
    """A search that has found an equation with such a part, and the law."""
    X = np.column_stack(
        (rng.uniform(4, 9, 800), rng.uniform(1, 3, 800), rng.uniform(4, 6, (800, 2)) / [1, 4])
    )
    y = (X[:, 0] - X[:, 1] * X[:, 3]) / np.sqrt(1 - (X[:, 1] / X[:, 2]) ** 2)

    def begin(components):
        network = from_pretrained(save_untrained(tmp_path / "untrained"))
        search = Search(task(X, y), network, 16, components)
        search.candidates.add(scored([parse(STAND_IN)], search.candidates.task))
        return search._context

    return begin


def batches(context):
    return StructureOfGaps(SearchSettings().gaps).batches(context, Clock())


def test_structure_finds_what_another_part_stands_in_for(searched):
    context = searched(("families", "reduction", "evolution"))
    found = [candidate for batch, _ in zip(batches(context), range(3), strict=False) for candidate in batch]
    best = min(found, key=lambda candidate: candidate.bits)
    assert context.task.is_exact(best.loss)
    assert best.stage == "evolution, reduction"
    assert "sqrt" in best.expression.tokens
    np.testing.assert_allclose(
        Program([best.expression]).values(context.task.X)[0], context.task.y, rtol=1e-6
    )


def test_no_part_is_looked_at_twice_and_the_end_comes_where_there_is_none(searched):
    context = searched(("families", "reduction", "evolution"))
    looks = [bool(batch) for batch in batches(context)]
    assert 0 < sum(looks) <= SearchSettings().gaps.n_parts
    assert len(looks) < SearchSettings().evolution.patience + 10


def test_without_structure_there_is_nothing_to_solve_parts_with(searched):
    assert list(batches(searched(("evolution",)))) == []
