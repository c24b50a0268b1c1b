import pandas as pd

from nsr.export.leaderboard import leaderboard

FRONT = pd.DataFrame(
    {"complexity": [1, 5, 14, 30], "loss": [2.0, 3e-3, 2.5e-7, 1e-31], "r2": [0.0, 0.9985, 1 - 1.25e-7, 1.0]}
)
EQUATIONS = ["7", "2*x", "2*x + sin(y)", "2*x + sin(y) - " + " - ".join(["0.001*z"] * 20)]


def test_rows_that_explain_nearly_everything_differ():
    lines = leaderboard(FRONT, EQUATIONS, 2, 1000).splitlines()
    assert len(lines) == 5
    assert "unexplained" in lines[0]
    assert [line.split()[-len(e.split()) - 1] for line, e in zip(lines[1:], EQUATIONS, strict=True)] == [
        "1", "0.0015", "1.25e-07", "0",
    ]  # fmt: skip
    assert [line.lstrip().startswith("*") for line in lines] == [False, False, False, True, False]


def test_columns_stand_under_each_other():
    lines = leaderboard(FRONT, EQUATIONS, 0, 1000).splitlines()
    start = lines[0].index("equation")
    assert all(line[start:] == equation for line, equation in zip(lines[1:], EQUATIONS, strict=True))


def test_long_equations_are_shortened_to_the_terminal_and_not_in_a_pipe():
    lines = leaderboard(FRONT, EQUATIONS, 0, 80).splitlines()
    assert max(map(len, lines)) == 80
    assert lines[-1].endswith(" ...")
    assert leaderboard(FRONT, EQUATIONS, 0, 10_000).splitlines()[-1].endswith(EQUATIONS[-1])


def test_what_one_is_warned_of_stands_behind_the_equation_however_long_it_is():
    front = FRONT.assign(warning=["", "pole", "", "undefined"])
    lines = leaderboard(front, EQUATIONS, 0, 80).splitlines()
    assert [line.endswith("]") for line in lines[1:]] == [False, True, False, True]
    assert lines[2].endswith("2*x  [pole]")
    assert lines[4].endswith(" ...  [undefined]")
    assert max(map(len, lines)) == 80


def test_a_curve_is_called_by_its_name():
    lines = leaderboard(FRONT.assign(name=["", "straight line", "", ""]), EQUATIONS, 0, 80).splitlines()
    assert lines[2].endswith("2*x  (straight line)")


def test_a_name_is_shortened_before_an_equation_is():
    longest = FRONT.assign(name=["", "power law (Freundlich, allometry)", "", ""])
    equations = ["1", "0.0651*speed**1.716", "2", "3"]
    lines = leaderboard(longest, equations, 0, 100).splitlines()
    assert lines[2].endswith("0.0651*speed**1.716  (power law (Freundlich, allometry))")
    lines = leaderboard(longest, equations, 0, 80).splitlines()
    assert lines[2].endswith("0.0651*speed**1.716  (power law)")
