"""Many equations as arrays, in which evolution breeds them.

A row has the codes of an equation's tokens in prefix order, as the tape knows them, and the numbers that
stand at the codes of constants. What is beyond its length means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.tape import CONSTANT, FIRST_VARIABLE, NUMBER, Tape, Vocabulary, link, link_as_it_is
from nsr.expressions.expression import Expression

Array = NDArray[np.float64]
Codes = NDArray[np.int32]
Lengths = NDArray[np.int64]


@dataclass(frozen=True)
class Genomes:
    """N equations of at most L tokens.

    Attributes:
        codes: Of tokens, shape (N, L).
        numbers: Values of constants, at their places, shape (N, L).
        lengths: Tokens of each, shape (N,).
    """

    codes: Codes
    numbers: Array
    lengths: Lengths

    def __len__(self) -> int:
        return len(self.lengths)

    @classmethod
    def empty(cls, n: int, most_tokens: int) -> Genomes:
        """Room for n equations."""
        shape = n, most_tokens
        return cls(np.zeros(shape, np.int32), np.zeros(shape), np.zeros(n, np.int64))

    @classmethod
    def of(cls, expressions: Sequence[Expression], most_tokens: int) -> Genomes:
        """Those of the expressions, none of which is longer; placeholders are constants of value 1."""
        result = cls.empty(len(expressions), most_tokens)
        words = Vocabulary.now()
        for row, expression in enumerate(expressions):
            tokens = expression.tokens
            n = result.lengths[row] = len(tokens)
            result.codes[row, :n] = words.codes(list(tokens))
            result.numbers[row, :n] = [1.0 if isinstance(token, str) else token for token in tokens]
        return result

    def expression(self, row: int) -> Expression:
        """One of the equations."""
        operators = Vocabulary.now().operators
        codes, numbers = self.codes[row], self.numbers[row]
        return Expression(
            tuple(
                float(numbers[place])
                if (code := int(codes[place])) == NUMBER
                else operators[code].name
                if code >= 0
                else f"x_{FIRST_VARIABLE - code}"
                for place in range(int(self.lengths[row]))
            )
        )

    def rows(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Genomes:
        """Some of the equations."""
        return Genomes(self.codes[index], self.numbers[index], self.lengths[index])

    def and_(self, others: Genomes) -> Genomes:
        """These and others, of as many tokens at most."""
        return Genomes(
            np.concatenate((self.codes, others.codes)),
            np.concatenate((self.numbers, others.numbers)),
            np.concatenate((self.lengths, others.lengths)),
        )

    def after(self, codes: Sequence[int], numbers: Sequence[float | Array]) -> Genomes:
        """Each with some tokens before it, which make one expression with it; all have room for them.

        Args:
            codes: Of the tokens.
            numbers: Their values, each one number or one for each equation.
        """
        n = len(codes)
        result = Genomes.empty(len(self), self.codes.shape[1])
        result.codes[:, n:], result.numbers[:, n:] = self.codes[:, :-n], self.numbers[:, :-n]
        for place, (code, number) in enumerate(zip(codes, numbers, strict=True)):
            result.codes[:, place], result.numbers[:, place] = code, number
        result.lengths[:] = self.lengths + n
        return result

    def without_first(self, n: int) -> Genomes:
        """Each without its first n tokens, which an expression must be left of."""
        result = Genomes.empty(len(self), self.codes.shape[1])
        result.codes[:, :-n], result.numbers[:, :-n] = self.codes[:, n:], self.numbers[:, n:]
        result.lengths[:] = self.lengths - n
        return result

    def has_variables(self) -> NDArray[np.bool_]:
        """Which of them have any, shape (N,)."""
        is_token = np.arange(self.codes.shape[1]) < self.lengths[:, None]
        return np.asarray(np.any(is_token & (self.codes <= FIRST_VARIABLE), axis=1))

    def before(self, number: Array) -> Genomes:
        """Each with a constant after it, shape (N,); all have room for it."""
        rows = np.arange(len(self))
        result = Genomes(self.codes.copy(), self.numbers.copy(), self.lengths + 1)
        result.codes[rows, self.lengths], result.numbers[rows, self.lengths] = NUMBER, number
        return result

    def tape(self) -> Tape:
        """Their tape."""
        return link(*self._tokens)

    @property
    def _tokens(self) -> tuple[Codes, Array, Lengths]:
        """All tokens one after the other, and how many each equation has."""
        is_token = np.arange(self.codes.shape[1]) < self.lengths[:, None]
        return self.codes[is_token], self.numbers[is_token], self.lengths

    def have_only(self, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of them have no other operators than those that are allowed, by code, shape (N,)."""
        is_token = np.arange(self.codes.shape[1]) < self.lengths[:, None]
        is_other = (self.codes >= 0) & ~allowed[np.maximum(self.codes, 0)]
        return np.asarray(~np.any(is_token & is_other, axis=1))

    def with_constants(self, tape: Tape, constants: Array) -> Genomes:
        """The same with other values of the free constants.

        Args:
            tape: Their tape.
            constants: Shape (N, at least the largest number of free constants).
        """
        result = Genomes(self.codes, self.numbers.copy(), self.lengths)
        if tape.is_written_out:
            tape = link_as_it_is(*self._tokens)
        owner = np.repeat(np.arange(len(self)), self.lengths)
        node = np.arange(len(owner)) - tape.offsets[owner]
        free = tape.op == CONSTANT
        owner, node = owner[free], node[free]
        result.numbers[owner, self.lengths[owner] - 1 - node] = constants[owner, tape.arg[free]]
        return result
