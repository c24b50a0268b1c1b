from nsr.expressions.parsing import parse
from nsr.search.dictionary import frequent_subtrees

GUESSES = [parse(text) for text in ("2*sin(3*x_0) + x_1", "sin(4*x_0)*x_1", "exp(x_1) + sin(5*x_0)")]


def test_what_guesses_share_comes_first_with_the_constants_of_the_likeliest():
    found = frequent_subtrees(GUESSES, 3, 14)
    assert set(found[:2]) == {parse("3*x_0"), parse("sin(3*x_0)")}


def test_leaves_are_no_terms_and_no_skeleton_comes_twice():
    found = frequent_subtrees(GUESSES, 100, 14)
    assert all(len(term) > 1 and term.variables for term in found)
    assert len({term.skeleton() for term in found}) == len(found)
    assert parse("exp(x_1)") in found
