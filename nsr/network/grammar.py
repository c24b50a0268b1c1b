"""The grammar of token sequences, as masks: what may come next so that a sequence stays well-formed.

A state machine for a whole batch of growing sequences. It counts the arguments still missing, walks
through the five tokens of a P10 number, and keeps enough room to finish within the length limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nsr.expressions.operator_set import ALL_OPERATORS, OperatorSet
from nsr.expressions.operators import OPERATORS
from nsr.network import p10
from nsr.network.tokenizer import DIGITS, EOS, EXPONENTS, SEPARATOR, SIGNS, Tokenizer

# Phases: 0 between tokens of the tree, 1 to 3 before a digit, 4 before the exponent.
_EXPONENT_PHASE = p10.N_DIGITS + 1


@dataclass
class State:
    """Where each of N sequences stands; all tensors have shape (N,).

    Attributes:
        missing: Arguments still to be written; 0 when the expression is complete.
        phase: Position inside a number, 0 outside.
        is_zero: Whether the number being written began with the digit 0, so is zero.
        room: Tokens that may still be written, eos not counted.
        n_variables: Variables the sequence may use.
        n_later: Components of a system that are still to begin.
    """

    missing: Tensor
    phase: Tensor
    is_zero: Tensor
    room: Tensor
    n_variables: Tensor
    n_later: Tensor

    def select(self, rows: Tensor) -> State:
        """The states of these rows."""
        return State(*(getattr(self, field)[rows] for field in self.__dataclass_fields__))


class Grammar:
    """Allowed-token masks for a vocabulary, on one device.

    Args:
        tokenizer: The vocabulary.
        device: Where the masks are.
        operators: Which operators may be written; of `pow` only where it may stand at all, as its exponent is
            not known before it is written.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        device: torch.device | str = "cpu",
        operators: OperatorSet = ALL_OPERATORS,
    ) -> None:
        self.bos_id, self.eos_id = tokenizer.bos_id, tokenizer.eos_id
        self.separator_id = tokenizer.separator_id
        self.device = torch.device(device)
        ids = tokenizer.ids
        written = [name for name in tokenizer.operators if operators.may_write(name)]
        self.binary = self._mask(tokenizer, [name for name in written if OPERATORS[name].arity == 2])
        self.unary = self._mask(tokenizer, [name for name in written if OPERATORS[name].arity == 1])
        self.signs = self._mask(tokenizer, SIGNS)
        self.leading_digits = self._mask(tokenizer, DIGITS)
        self.zero = self._mask(tokenizer, DIGITS[:1])
        self.exponents = self._mask(tokenizer, EXPONENTS)
        self.zero_exponent = self._mask(tokenizer, ("E0",))
        self.eos = self._mask(tokenizer, (EOS,))
        self.separator = self._mask(tokenizer, (SEPARATOR,))
        names = [f"x_{i}" for i in range(tokenizer.max_variables)]
        masks = [self._mask(tokenizer, names[:n]) for n in range(tokenizer.max_variables + 1)]
        self.variables = torch.stack(masks)
        arities = [OPERATORS[w].arity if w in OPERATORS else 0 for w in tokenizer.vocabulary]
        self.arity = torch.tensor(arities, device=self.device)
        self.zero_id = ids["0"]

    def start(self, n_variables: Tensor, max_length: int, n_components: Tensor | None = None) -> State:
        """The state before the first token, for sequences of at most `max_length` tokens and eos.

        Args:
            n_variables: Variables each sequence may use, at least 1, shape (N,).
            max_length: At least 1, and room for the shortest system.
            n_components: Expressions that each sequence joins with `|`, shape (N,); one by default.
        """
        zeros = torch.zeros_like(n_variables)
        n_later = zeros if n_components is None else n_components - 1
        return State(zeros + 1, zeros, zeros.bool(), zeros + max_length, n_variables, n_later)

    def allowed(self, state: State) -> Tensor:
        """Which tokens may come next, bool, shape (N, vocab_size); never none."""
        # A later component needs a separator and one token at least.
        spare = (state.room - state.missing - 2 * state.n_later)[:, None]
        tree = self.variables[state.n_variables]
        tree = tree | (self.binary & (spare >= 2)) | (self.unary & (spare >= 1))
        tree = tree | (self.signs & (spare >= p10.TOKENS_PER_NUMBER - 1))
        is_zero, phase = state.is_zero[:, None], state.phase[:, None]
        digit = torch.where(is_zero, self.zero, self.leading_digits)
        exponent = torch.where(is_zero, self.zero_exponent, self.exponents)
        number = torch.where(phase == _EXPONENT_PHASE, exponent, digit)
        result = torch.where(phase > 0, number, tree)
        end = torch.where((state.n_later > 0)[:, None], self.separator, self.eos)
        return torch.where((state.missing == 0)[:, None], end, result)

    def advance(self, state: State, tokens: Tensor) -> State:
        """The state after one more allowed token (N,) of each sequence."""
        in_number = state.phase > 0
        starts = self.signs[tokens]
        ends = state.phase == _EXPONENT_PHASE
        phase = torch.where(in_number, state.phase + 1, starts.long())
        phase = torch.where(ends, 0, phase)
        # A number fills its slot when it is complete, anything else when it is written.
        separates = tokens == self.separator_id
        fills = torch.where(in_number, ends, ~starts & (tokens != self.eos_id) & ~separates)
        missing = state.missing + self.arity[tokens] - fills.long() + separates.long()
        is_zero = torch.where(state.phase == 1, tokens == self.zero_id, state.is_zero & in_number)
        room = state.room - (tokens != self.eos_id).long()
        n_later = state.n_later - separates.long()
        return State(missing, phase, is_zero, room, state.n_variables, n_later)

    def _mask(self, tokenizer: Tokenizer, words: tuple[str, ...] | list[str]) -> Tensor:
        mask = torch.zeros(tokenizer.vocab_size, dtype=torch.bool, device=self.device)
        mask[[tokenizer.ids[word] for word in words]] = True
        return mask
