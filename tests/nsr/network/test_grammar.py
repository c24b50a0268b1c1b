import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import ELEMENTARY, expressions

from nsr.network.grammar import Grammar
from nsr.network.tokenizer import Tokenizer

TOKENIZER = Tokenizer()
GRAMMAR = Grammar(TOKENIZER)


def is_allowed(words: str, n_variables: int = 3, max_length: int = 30, n_components: int = 1) -> bool:
    """Whether every word may come where it stands."""
    state = GRAMMAR.start(torch.tensor([n_variables]), max_length, torch.tensor([n_components]))
    for word in words.split():
        token = TOKENIZER.ids[word]
        if not GRAMMAR.allowed(state)[0, token]:
            return False
        state = GRAMMAR.advance(state, torch.tensor([token]))
    return True


@given(expressions(names=ELEMENTARY))
def test_what_the_tokenizer_writes_is_allowed_in_exactly_its_own_room(expression):
    ids = TOKENIZER.encode(expression)
    words = " ".join(TOKENIZER.vocabulary[i] for i in ids)
    assert is_allowed(f"{words} <eos>", max_length=len(ids))
    if len(ids) > 1:
        assert not is_allowed(words, max_length=len(ids) - 1)


@given(st.lists(expressions(names=ELEMENTARY), min_size=2, max_size=4))
def test_systems_are_allowed_in_exactly_their_own_room(system):
    ids = TOKENIZER.encode(system)
    words = " ".join(TOKENIZER.vocabulary[i] for i in ids)
    assert is_allowed(f"{words} <eos>", max_length=len(ids), n_components=len(system))
    assert not is_allowed(f"{words} <eos>", n_components=len(system) + 1)
    assert not is_allowed(words, n_components=len(system) - 1)


@given(st.randoms(use_true_random=False), st.integers(11, 40), st.integers(1, 10), st.integers(1, 6))
def test_any_walk_through_allowed_tokens_ends_in_a_system(random, max_length, n_variables, n_components):
    state = GRAMMAR.start(torch.tensor([n_variables]), max_length, torch.tensor([n_components]))
    ids: list[int] = []
    while TOKENIZER.eos_id not in ids:
        token = random.choice(GRAMMAR.allowed(state)[0].nonzero().flatten().tolist())
        ids.append(token)
        state = GRAMMAR.advance(state, torch.tensor([token]))
    assert len(ids) - 1 <= max_length
    system = TOKENIZER.decode_system(ids[:-1])
    assert len(system) == n_components
    assert all(index < n_variables for component in system for index in component.variables)


def test_numbers_are_a_sign_three_digits_and_an_exponent():
    assert is_allowed("+ 3 1 4 E-2 <eos>")
    assert is_allowed("add - 1 0 0 E100 x_0 <eos>")
    for words in ("+ 3 1 E0", "+ 3 1 4 1", "+ x_0", "3", "E0", "+ + 3", "+ 3 1 4 x_0", "+ 3 1 4 <eos>"):
        assert not is_allowed(words)


def test_zero_has_one_form():
    assert is_allowed("+ 0 0 0 E0 <eos>")
    for words in ("+ 0 1", "+ 0 0 7", "+ 0 0 0 E1"):
        assert not is_allowed(words)


def test_special_tokens_and_absent_variables_are_never_offered():
    for words in ("<pad>", "<bos>", "|", "<eos>", "x_0 |", "x_0 x_1", "add x_0 <eos>", "x_3"):
        assert not is_allowed(words)


def test_a_batch_walks_as_its_rows_do_alone():
    sequences = ["add + 3 1 4 E-2 x_0 <eos>", "mul x_1 sin mul x_0 x_2 <eos> <eos>", "x_0 " + "<eos> " * 7]
    ids = torch.tensor([[TOKENIZER.ids[word] for word in words.split()] for words in sequences])
    room = torch.tensor([3, 3, 1])
    together = GRAMMAR.start(room, 12)
    alone = [GRAMMAR.start(room[i : i + 1], 12) for i in range(3)]
    for column in ids.T:
        masks = GRAMMAR.allowed(together)
        for i, state in enumerate(alone):
            assert torch.equal(masks[i], GRAMMAR.allowed(state)[0])
            alone[i] = GRAMMAR.advance(state, column[i : i + 1])
        together = GRAMMAR.advance(together, column)
