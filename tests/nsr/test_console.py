"""What the command shows of warnings, and in whose words."""

import warnings

import pytest
from rich.console import Console

from nsr.console import in_options, told


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("give it more time with time_limit", "give it more time with --time-limit"),
        ("as with constant_units='free'", "as with --constant-units free"),
        ("report() says more, and y_err", "--report says more, and --error"),
        ("column 'time_limit' is empty", "column 'time_limit' is empty"),
        ("write a=3, or x_0", "write a=3, or x_0"),
        ("give order=2, or inputs=, if", "give --order 2, or --inputs, if"),
        ("or explicit_time=True, or known=", "or --explicit-time, or --known"),
        ("nsr fit --time-limit 3", "nsr fit --time-limit 3"),
    ],
)
def test_messages_name_options_where_there_are_no_parameters(message, shown):
    assert in_options(message) == shown


def test_of_many_notes_the_first_few_and_the_last_are_shown(capsys):
    with told(Console()) as kept:
        for number in (*range(9), 3):
            warnings.warn(f"number {number}", UserWarning, stacklevel=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [f"note: number {number}" for number in range(4)]
    assert "4 more notes" in lines[4]
    assert lines[5:] == ["note: number 8"]
    assert kept == [f"number {number}" for number in range(9)]
