"""The kernel that others call at its address, where nothing looks at what it is given."""

import numpy as np
import pytest
from numba.core.errors import TypingError

from nsr.evaluate.interpreter import run_sweep, sweep_address
from nsr.evaluate.tape import compile_tape
from nsr.expressions.parsing import parse
from nsr.kernels import kernel


@kernel(cache=False)
def called(problem, flags, constants, room, out, jacobian):
    run_sweep(problem, flags, flags, constants, room, out, jacobian)


def arguments(dtype=np.float64, target=np.float64):
    tape = compile_tape([parse("2*x_0 + 1")])
    X = np.arange(4.0).reshape(1, 4)
    problem = sweep_address(X.dtype), tape.nodes, 0, len(tape.op), X, np.full(4, 3, target), 2.0
    room = np.empty((len(tape.op), 8)), np.empty((len(tape.op), 8))
    return problem, tape.active[:0], tape.constants[0].astype(dtype), room, np.empty(4), np.empty((0, 4))


def test_it_subtracts_a_target_and_divides_by_the_scale():
    given = arguments()
    called(*given)
    np.testing.assert_array_equal(given[4], (2 * np.arange(4) + 1 - 3) / 2)


def test_what_may_not_be_written_to_is_read_all_the_same():
    given = arguments()
    given[0][4].flags.writeable = False
    called(*given)
    np.testing.assert_array_equal(given[4], (2 * np.arange(4) + 1 - 3) / 2)


@pytest.mark.parametrize("other", [{"dtype": np.float32}, {"target": np.int64}])
def test_other_types_than_it_is_compiled_for_are_refused(other):
    with pytest.raises((TypingError, TypeError), match="sweep is compiled for"):
        called(*arguments(**other))
