"""Which operators equations may have, as users mean it.

An equation is the same however it is written: a difference is a sum with a negative term, x*x is a square,
and 1/x a ratio. So a name stands for what it can say, too (`_IMPLIED`):

- `add`, `sub`: sums, differences and signs (`add`, `sub`, `neg`)
- `mul`: products, signs, and whole powers from the second on (`square`, `cube`, `x**5`)
- `div`, `inv`: reciprocals; with `mul` or `div` ratios, and with `mul` negative whole powers as well
- `sqrt`: with `mul` powers whose exponent is a multiple of 1/2
- `pow`: all powers, those with operators of their own (`square`, `cube`, `sqrt`, `inv`) included

What is forbidden stands nowhere in an equation, whatever else it might be called. `sub` is a way of writing
sums, and `inv` of writing ratios: they are forbidden with `add` and with `div`, and not by themselves.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nsr.expressions.expression import Expression, Token, subtree_end
from nsr.expressions.operators import OPERATORS, Operator

# What may be written where a name is allowed.
_IMPLIED = {
    "add": {"sub", "neg"},
    "sub": {"add", "neg"},
    "mul": {"neg", "square", "cube"},
    "div": {"inv"},
    "pow": {"square", "cube", "sqrt", "inv"},
}
# What cannot be forbidden alone, with that of which it is a way of writing.
_SPELLINGS = {"sub": "add", "inv": "div"}
# Powers that have operators of their own.
_POWERS: dict[Token, str] = {-1.0: "inv", 0.5: "sqrt", 2.0: "square", 3.0: "cube"}
# Names that other tools have for ours.
_SYMBOLS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow", "**": "pow"}


@dataclass(frozen=True)
class OperatorSet:
    """Operators that equations may have.

    Attributes:
        named: Those that a user asks for; None for all.
        forbidden: Those that no equation has.
    """

    named: frozenset[str] | None = None
    forbidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, operators: Iterable[str] | None, without: Iterable[str] = ()) -> OperatorSet:
        """The operators that names, symbols such as `+`, and groups (`groups`) stand for.

        Raises:
            ValueError: If a name is unknown, nothing is left, or what is forbidden is only a way of writing
                what is allowed.
        """
        named = None if operators is None else frozenset(_read(operators, "operators"))
        forbidden = set(_read(without, "without"))
        for name, other in _SPELLINGS.items():
            if other in forbidden:
                forbidden.add(name)
            elif name in forbidden and (named is None or other in named):
                raise ValueError(f"without: {name!r} is a way of writing {other!r}; forbid that, too")
        if named is not None and not named - forbidden:
            raise ValueError("no operator is left: name more in operators, or fewer in without")
        return cls(named, frozenset(forbidden))

    @property
    def is_limited(self) -> bool:
        """Whether there is an operator that equations may not have."""
        return self.named is not None or bool(self.forbidden)

    @cached_property
    def _names(self) -> frozenset[str] | None:
        """What may be written, powers by `pow` aside; None for all but what is forbidden."""
        if self.named is None:
            return None
        names = set(self.named).union(*(_IMPLIED.get(name, set()) for name in self.named))
        if "inv" in names and "mul" in names:
            names.add("div")
        return frozenset(names - self.forbidden)

    def has(self, name: str) -> bool:
        """Whether the operator of this name may be written; `pow`: with any exponent."""
        return name not in self.forbidden if self._names is None else name in self._names

    def allows(self, expression: Expression) -> bool:
        """Whether an expression has no other operators."""
        return not self.is_limited or all(
            self._has_token(expression, place, token) for place, token in enumerate(expression.tokens)
        )

    def _has_token(self, expression: Expression, place: int, token: Token) -> bool:
        if not isinstance(token, str) or token not in OPERATORS or (token != "pow" and self.has(token)):
            return True
        if token == "div":
            return self.has("inv") and expression.tokens[place + 1] == 1.0
        if token != "pow" or token in self.forbidden:
            return False
        exponent = expression.tokens[subtree_end(expression.tokens, place + 1)]
        if _POWERS.get(exponent) in self.forbidden:
            return False
        if self.has("pow"):
            return True
        return not isinstance(exponent, str) and self._has_power(exponent)

    def _has_power(self, exponent: float) -> bool:
        """Whether a power with a fixed exponent can be said by other operators."""
        if not self.has("mul") or not (exponent > 0 or self.has("inv")):
            return False
        return exponent.is_integer() or (self.has("sqrt") and (2 * exponent).is_integer())

    def may_write(self, name: str) -> bool:
        """Whether the operator of this name stands in some equation."""
        return self.has(name) or (name == "pow" and name not in self.forbidden and self.has("mul"))

    def drawn(self, arity: int) -> list[str]:
        """Names of the operators that new equations are made with; by default those that are searched."""
        return [
            operator.name
            for operator in OPERATORS.values()
            if operator.arity == arity
            and self.has(operator.name)
            and (operator.searched or (self.named is not None and operator.name in self.named))
        ]

    def among(self, operators: Iterable[Operator]) -> list[Operator]:
        """Those of some operators that may be written."""
        return [operator for operator in operators if self.has(operator.name)]


ALL_OPERATORS = OperatorSet()


def groups() -> dict[str, list[str]]:
    """Names of the operators of each group."""
    found: dict[str, list[str]] = {}
    for operator in OPERATORS.values():
        if operator.group:
            found.setdefault(operator.group, []).append(operator.name)
    return found


def operator_name(word: str, what: str, others: Iterable[str] = ()) -> str:
    """The name of the operator that a name, an alias or a symbol stands for.

    Args:
        word: As a user wrote it.
        what: Where it stands, for the message.
        others: What else might stand there.

    Raises:
        ValueError: If there is none.
    """
    text = word.strip() if isinstance(word, str) else word
    if text in _SYMBOLS:
        return _SYMBOLS[text]
    if (operator := OPERATORS.words.get(text)) is not None:
        return operator.name
    known = [*others, *OPERATORS.words]
    close = difflib.get_close_matches(str(text), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join([*others, *OPERATORS])}"
    raise ValueError(f"{what}: {text!r} is not known; {hint}")


def _read(words: Iterable[str], what: str) -> Iterator[str]:
    """Names of the operators that names, symbols and groups stand for."""
    known = groups()
    for word in [words] if isinstance(words, str) else words:
        yield from known.get(word) or [operator_name(word, what, known)]
