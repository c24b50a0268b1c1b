import json

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from strategies import ELEMENTARY, expressions

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.network import p10
from nsr.network.tokenizer import Tokenizer

TOKENIZER = Tokenizer()


def words(ids: list[int]) -> str:
    return " ".join(TOKENIZER.vocabulary[i] for i in ids)


THIRDS = {float(f"{k / 3:.2e}"): k / 3 for k in range(-30, 31)}


def rounded(expression: Expression) -> Expression:
    tokens = [t if isinstance(t, str) else float(p10.decode(*p10.encode_one(t))) for t in expression.tokens]
    for position in expression.exponent_positions():
        tokens[position] = THIRDS.get(tokens[position], tokens[position])
    return Expression(tuple(tokens))


def test_constants_read_as_the_design_says():
    expression = apply("add", constant(3.14), apply("sin", variable(2)))
    assert words(TOKENIZER.encode(expression)) == "add + 3 1 4 E-2 sin x_2"


@given(expressions(names=ELEMENTARY))
def test_round_trip_rounds_constants_to_three_digits_and_changes_nothing_else(expression):
    assert TOKENIZER.decode(TOKENIZER.encode(expression)) == rounded(expression)


def test_thirds_survive_as_exponents_and_only_there():
    cube_root = apply("pow", variable(0), constant(1 / 3))
    assert TOKENIZER.decode(TOKENIZER.encode(cube_root)) == cube_root
    assert TOKENIZER.decode(TOKENIZER.encode(constant(1 / 3))) == constant(0.333)


@given(st.lists(expressions(max_leaves=3, names=ELEMENTARY), min_size=1, max_size=4))
def test_systems_round_trip(components):
    ids = TOKENIZER.encode(components)
    assert TOKENIZER.decode_system(ids) == tuple(rounded(component) for component in components)


def test_the_saved_file_is_a_standard_tokenizer_with_the_same_ids(tmp_path):
    TOKENIZER.save(tmp_path)
    standard = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    ids = TOKENIZER.encode([apply("mul", constant(-0.5), variable(9)), apply("exp", variable(0))])
    assert standard.encode(words(ids)).ids == ids
    assert Tokenizer.load(tmp_path).vocabulary == TOKENIZER.vocabulary


def test_every_token_of_an_equation_has_its_kind():
    text = "mul add + 3 1 4 E-2 sin x_2 x_9 | <eos>"
    kinds = [TOKENIZER.kinds[TOKENIZER.ids[word]] for word in text.split()]
    assert kinds == 2 * ["structure"] + 5 * ["number"] + ["structure"] + 2 * ["variable"] + 2 * ["structure"]
    assert len(TOKENIZER.kinds) == TOKENIZER.vocab_size


def test_other_vocabularies_are_refused(tmp_path):
    with pytest.raises(ValueError, match="missing"):
        Tokenizer.load(tmp_path)
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match="damaged"):
        Tokenizer.load(tmp_path)
    TOKENIZER.save(tmp_path)
    content = json.loads(path.read_text())
    content["model"]["vocab"]["hello"] = len(content["model"]["vocab"])
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="does not know"):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "incomplete"),
        ("add x_0", "incomplete"),
        ("x_0 x_1", "left over"),
        ("+ 3 1 E0", "ends inside a number"),
        ("+ 3 1 4", "ends inside a number"),
        ("3 1 4", "unknown token '3'"),
        ("E0", "unknown token 'E0'"),
        ("<bos> x_0", "unknown token '<bos>'"),
        ("|", "incomplete"),
        ("+ x_0 1 2 E0", "is not a P10 number"),
        ("x_0 |", "incomplete"),
    ],
)
def test_malformed_sequences_are_refused(text, message):
    ids = [TOKENIZER.ids[word] for word in text.split()]
    with pytest.raises(ValueError, match=message):
        TOKENIZER.decode_system(ids) if "|" in text else TOKENIZER.decode(ids)


def test_what_cannot_be_written_is_refused():
    with pytest.raises(ValueError, match="not in the vocabulary"):
        TOKENIZER.encode(variable(10))
    with pytest.raises(ValueError, match="placeholder"):
        TOKENIZER.encode(Expression(("C",)))
    with pytest.raises(ValueError, match="outside"):
        TOKENIZER.decode([9999])
    assert np.isfinite(TOKENIZER.vocab_size)
