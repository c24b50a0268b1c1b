"""The vocabulary: expressions and systems <-> token ids.

The standard form is a Hugging Face `tokenizers` tokenizer (tokenizer.json) over whitespace-joined
tokens; encoding and decoding in bulk use its vocabulary as plain dictionaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import tokenizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from nsr.expressions.expression import (
    PLACEHOLDER,
    Expression,
    Token,
    _trusted,
    arity,
    is_structural,
    is_variable,
)
from nsr.expressions.operators import OPERATORS, of_vocabulary
from nsr.network import p10

PAD, BOS, EOS, SEPARATOR = "<pad>", "<bos>", "<eos>", "|"
SIGNS = ("+", "-")
DIGITS = tuple("0123456789")
EXPONENTS = tuple(f"E{e}" for e in range(p10.MIN_EXPONENT, p10.MAX_EXPONENT + 1))
TOKEN_KINDS = ("structure", "variable", "number")
FILE_NAME = "tokenizer.json"

# What every vocabulary begins with, before its operators and variables.
_FIXED = (PAD, BOS, EOS, SEPARATOR, *SIGNS, *DIGITS, *EXPONENTS)


class Tokenizer:
    """Translates expressions and systems of expressions to token ids and back.

    Attributes:
        vocabulary: All tokens; a token's id is its position.
        max_variables: Variables `x_0` to `x_{max_variables - 1}` have tokens.
    """

    def __init__(self, max_variables: int = 10, operators: Sequence[str] | None = None) -> None:
        """Builds the vocabulary.

        Args:
            max_variables: Number of variable tokens.
            operators: Operator names in token order; by default those of `of_vocabulary`.
        """
        self.max_variables = max_variables
        self.operators = of_vocabulary() if operators is None else tuple(operators)
        variables = tuple(f"x_{i}" for i in range(max_variables))
        self.vocabulary = (*_FIXED, *self.operators, *variables)
        self.ids = {token: i for i, token in enumerate(self.vocabulary)}
        self.pad_id, self.bos_id, self.eos_id, self.separator_id = 0, 1, 2, 3

    @property
    def vocab_size(self) -> int:
        """Number of tokens."""
        return len(self.vocabulary)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each id, one of `TOKEN_KINDS`.

        Signs, digits and exponents are numbers; operators and special tokens are structure.
        """
        numbers = {*SIGNS, *DIGITS, *EXPONENTS}
        first_variable = self.vocab_size - self.max_variables
        return tuple(
            "variable" if i >= first_variable else "number" if token in numbers else "structure"
            for i, token in enumerate(self.vocabulary)
        )

    def encode(self, expression: Expression | Sequence[Expression]) -> list[int]:
        """Token ids of an expression, or of a system joined by `|`, without bos and eos.

        Raises:
            ValueError: If a token is not in the vocabulary, or a constant is a placeholder or
                out of P10's range.
        """
        components = (expression,) if isinstance(expression, Expression) else tuple(expression)
        words: list[str] = []
        for i, component in enumerate(components):
            words += ([SEPARATOR] if i else []) + _words(component)
        try:
            return [self.ids[word] for word in words]
        except KeyError as error:
            raise ValueError(
                f"token {error} is not in the vocabulary of {self.max_variables} variables"
            ) from None

    def decode(self, ids: Sequence[int]) -> Expression:
        """The expression written by token ids; an exponent that reads as a third is one.

        Raises:
            ValueError: If the ids are not exactly one well-formed expression.
        """
        return _with_thirds(Expression(_tokens([self._word(i) for i in ids])))

    def decode_system(self, ids: Sequence[int]) -> tuple[Expression, ...]:
        """The system of expressions written by token ids, split at `|`.

        Raises:
            ValueError: If a component is not exactly one well-formed expression.
        """
        cuts = [-1, *(k for k, i in enumerate(ids) if i == self.separator_id), len(ids)]
        return tuple(self.decode(ids[start + 1 : stop]) for start, stop in pairwise(cuts))

    def save(self, folder: str | Path) -> None:
        """Writes tokenizer.json, readable by `tokenizers.Tokenizer.from_file`."""
        standard = tokenizers.Tokenizer(WordLevel(dict(self.ids), unk_token=PAD))
        standard.pre_tokenizer = WhitespaceSplit()
        standard.save(str(Path(folder) / FILE_NAME))

    @classmethod
    def load(cls, folder: str | Path) -> Tokenizer:
        """Reads a folder's tokenizer.json.

        Raises:
            ValueError: If the file is missing, damaged, holds another kind of vocabulary, or has an operator
                that is not registered.
        """
        path = Path(folder) / FILE_NAME
        if not path.is_file():
            raise ValueError(f"{path} is missing; the folder is not a checkpoint of NSR")
        try:
            ids: dict[str, int] = tokenizers.Tokenizer.from_file(str(path)).get_vocab()
        except Exception as error:  # the Rust parser raises bare Exception
            raise ValueError(f"{path} is damaged: {error}") from error
        words = sorted(ids, key=ids.__getitem__)
        n_variables = sum(is_variable(word) for word in words)
        known = cls(n_variables, words[len(_FIXED) : len(words) - n_variables])
        if list(known.vocabulary) != words:
            raise ValueError(f"{path} holds a vocabulary that this version of NSR does not know")
        missing = [name for name in known.operators if name not in OPERATORS]
        if missing:
            raise ValueError(
                f"{path} has operators that are not registered: {', '.join(missing)}; register them first"
            )
        return known

    def _word(self, token_id: int) -> str:
        if not 0 <= token_id < self.vocab_size:
            raise ValueError(f"token id {token_id} is outside the vocabulary of {self.vocab_size}")
        return self.vocabulary[token_id]


def _with_thirds(expression: Expression) -> Expression:
    """The expression with exponents such as 0.667, three digits of 2/3, made exact.

    Only as exact thirds do they count as structure (`nsr.expressions.expression.is_structural`).
    """
    tokens = list(expression.tokens)
    for position in expression.exponent_positions():
        value = tokens[position]
        if isinstance(value, float) and is_structural(third := round(3 * value) / 3):
            tokens[position] = third if p10.encode_one(third) == p10.encode_one(value) else value
    return _trusted(tuple(tokens))


def _words(expression: Expression) -> list[str]:
    words: list[str] = []
    for token in expression.tokens:
        if isinstance(token, str):
            if token == PLACEHOLDER:
                raise ValueError("a placeholder has no tokens; give the constant a value first")
            words.append(token)
        else:
            words += number_words(token)
    return words


def number_words(value: float) -> list[str]:
    """The five P10 tokens of a number.

    Raises:
        ValueError: If the number is out of P10's range.
    """
    sign, mantissa, exponent = p10.encode_one(value)
    return [SIGNS[sign < 0], *f"{mantissa:03d}", f"E{exponent}"]


def _tokens(words: Sequence[str]) -> tuple[Token, ...]:
    """Expression tokens from words, P10 numbers read.

    Raises:
        ValueError: If a number is incomplete or a word stands where it cannot.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word in SIGNS:
            tokens.append(_number(words[position : position + p10.TOKENS_PER_NUMBER]))
            position += p10.TOKENS_PER_NUMBER
        else:
            arity(word)  # raises for digits, exponents and special tokens
            tokens.append(word)
            position += 1
    return tuple(tokens)


def _number(words: Sequence[str]) -> float:
    if len(words) < p10.TOKENS_PER_NUMBER:
        raise ValueError("the sequence ends inside a number")
    sign, *digits, exponent = words
    if not all(digit in DIGITS for digit in digits) or not exponent.startswith("E"):
        raise ValueError(f"{' '.join(words)!r} is not a P10 number")
    return float(f"{sign}{''.join(digits)}{exponent}")
