"""Options of every command: each text that one can be given ends in a search, or in one clear line."""

import numpy as np
import pandas as pd
import pytest
import typer
from campaign import cases, run, share_of
from hostile_text import DEEP, NUMBERS, TEXTS, TRAPS, near
from hypothesis import given
from hypothesis import strategies as st
from saved import save_result
from untrained import UNTRAINED

from nsr.cli import app

pytestmark = pytest.mark.campaign

COMMANDS = typer.main.get_command(app).commands
SHARES = {"fit": 0.1, "ode": 0.03, "explain": 0.003}
# Texts that options of these names take.
FITTING = {
    "target": ["energy"], "features": ["mass,height", "mass"],
    "units": ["mass=kg,height=m,energy=J", "t=s,x=m,v=m/s"], "constant_units": ["free", "dimensionless"],
    "guess": ["a*mass*height + b", "sin(mass)/height"],
    "loss": ["auto", "squared_error", "absolute_error", "huber", "poisson", "gamma"], "weights": ["w"],
    "error": ["w"], "missing": ["error", "drop", "impute"], "template": ["f(mass)*exp(-g(height)) + c"],
    "constant": ["k=9.81 m/s^2", "c=scipy", "m=electron mass"], "category": ["group"],
    "define": ["own(v, w) = v/sqrt(1 - w**2)"], "operators": ["arithmetic,exp,sqrt"],
    "without": ["trigonometric"], "required": ["mass"], "forbidden": ["height"],
    "complexity": ["sin=3,mass=2,constant=1"], "exponents": ["-2,-1,0.5,2"],
    "nesting": ["exp(exp)=0,exp(sin)=0"], "max_argument": ["exp=5,sin=3"], "constant_bounds": ["-10,10"],
    "shape": ["f >= 0", "increasing in mass", "even in mass", "f -> 0 as mass -> inf"],
    "domain": ["mass=0,100"], "selection": ["auto", "accuracy", "score", "best"],
    "checkpoint": ["nsr-small", UNTRAINED], "device": ["auto", "cpu"],
    "stop_when": ["exact", "r2=0.99,complexity=10"], "time": ["t"], "states": ["x,v", "x"],
    "trajectory": ["group"], "stages": ["library,systems", "functions"], "inputs": ["w", "v"],
    "known": ["dx/dt = v - f(x)", "dx/dt = 2*v"], "conserved": ["x + v", "none"], "x": ["x"], "y": ["y"],
    "fields": ["u"], "form": ["latex", "sympy", "python", "onnx", "html", "latex-table", "excel"],
    "group": ["a"],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tables for each command, and a result."""
    made = tmp_path_factory.mktemp("options")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(1, 2, (12, 2)), columns=["mass", "height"])
    frame["energy"] = frame["mass"] * frame["height"]
    frame.assign(w=rng.uniform(1, 2, 12), group=list("ab") * 6).to_csv(made / "fit", index=False)
    t = np.linspace(0, 3, 12)
    pd.DataFrame({"t": t, "x": np.sin(t), "v": np.cos(t), "w": 1 + t}).to_csv(made / "ode", index=False)
    grid = pd.DataFrame([(t, x) for t in range(12) for x in range(12)], columns=["t", "x"])
    grid.assign(u=np.sin(grid["x"] - grid["t"])).to_csv(made / "pde", index=False)
    save_result(made / "result.json", "3*mass", "mass", "energy")
    return made


def arguments_of(command, folder):
    """What a command is given in any case."""
    table = folder / (command if command in {"ode", "pde"} else "fit")
    result = folder / "result.json"
    return {
        "predict": [result, table],
        "show": [result],
        "explain": [result, table, "--output", folder / "page.html"],
        "ode": [table, "--time=t"],
        "pde": [table],
    }.get(
        command, [table, "--target=energy", f"--checkpoint={UNTRAINED}"][: 2 if command == "discover" else 3]
    )


@st.composite
def given_options(draw, command):
    """Some of a command's options, with what fits, nearly fits or does not fit at all."""
    names = [
        one for one in COMMANDS[command].params if one.param_type_name == "option" and one.name != "help"
    ]
    words = []
    for one in draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)):
        if one.is_flag:
            words.append(one.opts[0])
            continue
        fitting = st.sampled_from(FITTING.get(one.name, ["1"])).flatmap(near)
        value = draw(fitting | (TEXTS if one.name in FITTING else NUMBERS))
        if one.name not in {"output", "plot", "resume", "candidates"}:
            words.append(f"{one.opts[0]}={value}")
    return words


@pytest.mark.parametrize("command", COMMANDS)
def test_options_end_in_a_search_or_in_one_line(folder, unsearched, command):
    @cases(SHARES.get(command, 0.01))
    @given(given_options(command))
    def ends(words):
        trap = folder / "trap"
        run(command, *arguments_of(command, folder), *(word.replace("{0}", str(trap)) for word in words))
        assert not trap.exists()

    ends()


TEXT_OPTIONS = ("guess", "template", "define", "constant", "units", "shape", "domain", "operators", "nesting")


@pytest.mark.parametrize("option", TEXT_OPTIONS)
def test_hostile_texts_are_refused_and_never_executed(folder, unsearched, option):
    trap = folder / "trap"
    texts = [prefix + text for prefix in ("", "own(v) = ", "mass=") for text in (*TRAPS, *DEEP)]
    for text in texts[TEXT_OPTIONS.index(option) :: share_of(2 * len(TEXT_OPTIONS), 1)]:
        done = run("fit", *arguments_of("fit", folder), f"--{option}={text.format(trap)}")
        assert not trap.exists()
        assert max(map(len, done.err.splitlines()), default=0) < 3_000
