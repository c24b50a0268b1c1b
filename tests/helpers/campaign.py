"""The campaign to break NSR: how many cases, how one is run, and what it may end in."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings

from nsr.expressions.operators import OPERATORS

# All of these tests together try so many inputs: by default, and with `-m campaign`.
FEW, MANY = 300, 10_000
PROFILE = "campaign"
# Processor time that no case may take, far above what any needs: one that takes more hangs.
_LIMIT = 60
# What Python, NumPy or pandas say of values that nobody has checked before.
_INTERNAL = re.compile(
    r"Traceback|object has no attribute|object is not|NoneType|could not convert|invalid literal for|"
    r"unsupported operand|index out of|out of bounds|positional argument|keyword argument|unhashable|"
    r"<class|<function|numpy\.|dtype(?!\()|ufunc|broadcast|recursion|codec can't|\[Errno|\w+Error\b|"
    r"zero-size array|empty sequence|ingular matrix|did not converge|array must not contain",
)


# What messages repeat of a file, or add from a library to words of their own.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|is damaged: .*|, not .*|fails with .*", re.DOTALL)


def is_full() -> bool:
    """Whether all cases are asked for, and not those that every change is tried with."""
    return settings.get_current_profile_name() == PROFILE


def share_of(few: int, many: int) -> int:
    """One of two numbers, by what is asked for."""
    return many if is_full() else few


def cases(share: float) -> settings:
    """A test's share of all inputs, as a decorator; none is sought that fails as well and is simpler."""
    return settings(
        max_examples=round(share * share_of(FEW, MANY)),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )


class HungError(BaseException):
    """A case takes longer than any may; no error that the command answers with a line."""


class ReachedError(BaseException):
    """A search would begin now: all that was given could be read.

    Attributes:
        asked: What the search would have been given.
    """

    def __init__(self, *asked: object) -> None:
        super().__init__("the search would begin")
        self.asked = asked


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Ends what takes too much processor time."""

    def hang(*_: object) -> None:
        raise HungError(f"more than {_LIMIT} s of processor time")

    before = signal.signal(signal.SIGPROF, hang)
    signal.setitimer(signal.ITIMER_PROF, _LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass(frozen=True)
class Outcome:
    """What a command has ended in.

    Attributes:
        code: Its exit code; None where a search would have begun.
        out: Standard output.
        err: Standard error.
        asked: What the search would have been given.
    """

    code: int | None
    out: str
    err: str
    asked: tuple[object, ...] = ()

    @property
    def message(self) -> str:
        """The line that says why it was refused."""
        return self.err.splitlines()[-1]


def run(*arguments: object) -> Outcome:
    """Runs the command in this process, and judges what it ends in: an answer, or one clear line and 2."""
    from nsr import cli

    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", own, newline="") for own in ("strict", "backslashreplace")
    )
    before, sys.argv = sys.argv, ["nsr", *map(str, arguments)]
    operators = dict(OPERATORS.snapshot)  # as a process of its own would leave them
    code: int | None = None
    asked: tuple[object, ...] = ()
    try:
        with limited(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    except ReachedError as reached:
        asked = reached.asked
    finally:
        sys.argv = before
        OPERATORS._publish(operators)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    outcome = Outcome(code, *texts, asked)
    _judge(outcome)
    return outcome


def _judge(outcome: Outcome) -> None:
    """Raises where a command has ended in neither an answer nor one clear line."""
    notes = outcome.err.splitlines()
    if outcome.code == 2:
        assert outcome.out == "", outcome
        assert notes, outcome
        assert notes.pop().startswith("nsr: "), outcome
        assert is_clear(outcome.message), outcome
    else:
        assert outcome.code in {None, 0}, outcome
    assert all(line.startswith("note: ") for line in notes), outcome


def is_clear(message: str) -> bool:
    """Whether a message is in the user's words, but for what it quotes, not in those of a library."""
    return len(message) > len("nsr: ") and not _INTERNAL.search(_QUOTED.sub("", message))
