"""What users could write where a formula, a unit, a limit, a name or a number is expected."""

from __future__ import annotations

from hypothesis import strategies as st

# Would leave a trace where a text is executed; the name of the file is put in.
TRAPS = (
    "__import__('os').system('touch {0}')",
    "open('{0}', 'w')",
    "exec(\"open('{0}','w')\")",
    "().__class__.__bases__[0].__subclasses__()",
    "lambda: open('{0}', 'w')",
    "f(open('{0}', 'w'))",
    "$(touch {0})",
    "`touch {0}`",
    "{{{{open('{0}', 'w')}}}}",
    "mass if open('{0}','w') else mass",
)
DEEP = (
    "(" * 10_000 + "mass" + ")" * 10_000,
    "sin(" * 10_000 + "mass" + ")" * 10_000,
    "-" * 10_000 + "mass",
    "+".join(["mass"] * 4_000),
    "mass" + "**2" * 3_000,
    "**".join(["mass"] * 3_000),
    "sin(" * 79 + "mass" + ")" * 79,
    "[" * 10_000,
    "x" * 100_000,
    "mass" + " " * 50_000,
    "symmetric in" + " " * 50_000,
    "f" + "(mass" * 5_000,
    "'" * 10_001,
    "1" * 50_000,
)
PIECES = st.sampled_from(
    ["mass", "height", "energy", "group", "t", "a", "b", "f", "g", "sin", "exp", "log", "sqrt", "pow", "min",
     "step", "nosuch", "_", "__class__", "lambda", "import", "pi", "e", "x_0", "x_9999", "0", "1", "2", "-1",
     "0.5", "1e308", "1e400", "1e-400", "9" * 400, "nan", "inf", "1/0", "0**-1",
     "2**2**2**2**2**2", "10**10**10",
     "+", "-", "*", "/", "**", "^", "(", ")", "()", ",", "=", "==", "<", ">", ">=", "->", "'", '"', "`",
     ";", ":", ".", " ", "\t", "\n",
     "kg", "m/s^2", "m", "1", "degC", "dB", "kg**1e9", "m^0.1234567", "[m]", "%",
     "\udcff", "²", "\u00d7", "\u2212", "π", "\u200b", "\u202e", "\x1b[2J", "=5",
     "'kg'", "as", "increasing", "in", "even", "d", "dt"]
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(PIECES, max_size=8).map("".join),
    st.lists(PIECES, max_size=6).map(" ".join),
    st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=12),
    st.sampled_from(DEEP),
    st.sampled_from(TRAPS),
)
NUMBERS = st.one_of(
    st.integers(-3, 20).map(str),
    st.floats().map(repr),
    st.sampled_from(
        [
            "",
            "nan",
            "inf",
            "-inf",
            "1e400",
            "9" * 400,
            "-0",
            "0x10",
            "1_0",
            "\u0661",
            "1.5",
            "1e9",
            "99999999999",
            "abc",
        ]
    ),
)


def near(text: str) -> st.SearchStrategy[str]:
    """A text that would do, or one in which something is changed."""

    def changed(change: tuple[int, int, str]) -> str:
        start, length, piece = change
        place = start % (len(text) + 1)
        return text[:place] + piece + text[place + length :]

    return st.just(text) | st.tuples(st.integers(0, 100), st.integers(0, 3), PIECES).map(changed)
