"""Result files and checkpoints: what was cut, changed or made up is refused, and nothing is executed."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from campaign import cases, is_clear, run
from hostile_text import PIECES, TEXTS, TRAPS
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from saved import save_result
from tables_as_text import damaged
from untrained import UNTRAINED

from nsr.network.checkpoint import from_pretrained
from nsr.ode import ODERegressor

pytestmark = pytest.mark.campaign

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10) | st.sampled_from([10**30, -(10**30)]),
    st.floats(),
    PIECES | TEXTS,
    st.just([]),
    st.just({}),
    st.lists(st.integers(0, 3), max_size=3),
    st.just([[]]),
    st.just({"": None}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A result of each kind, and a table for them."""
    made = tmp_path_factory.mktemp("files")
    save_result(made / "function.json", "3*mass + 2", "mass", "energy")
    t = np.linspace(0, 3, 30)
    motion = ODERegressor(stages=("library",), time_limit=1)
    motion.fit(t, np.column_stack((np.sin(t), np.cos(t)))).save(made / "systems.json")
    frame = pd.DataFrame({"mass": t, "energy": 3 * t, "t": t, "x": np.sin(t), "y": np.cos(t)})
    frame.to_csv(made / "table.csv", index=False)
    shutil.copytree(UNTRAINED, made / "checkpoint")
    return made


def used(folder, path):
    """Whatever a result file is read for."""
    before = {file.name for file in folder.iterdir()}
    for words in (["predict", path, folder / "table.csv"], ["show", path], ["show", path, "--format=latex"]):
        run(*words)
    assert {file.name for file in folder.iterdir()} == before


def places(value, path=()):
    """Where each part of what JSON holds is."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from places(part, (*path, key))


def changed(content, changes):
    """A copy in which parts are other values, or missing."""
    content = json.loads(json.dumps(content))
    for pick, value in changes:
        *path, last = list(places(content))[1:][pick % (sum(1 for _ in places(content)) - 1)]
        inner = content
        for key in path:
            inner = inner[key]
        if value == "absent":
            del inner[last]
        else:
            inner[last] = json.loads(json.dumps(value))
        if not content:
            break
    return content


@pytest.mark.parametrize("kind", ["function", "systems"])
def test_results_of_which_parts_are_others(folder, kind):
    whole = json.loads((folder / f"{kind}.json").read_text())
    path = folder / "changed.json"
    path.touch()

    @cases(0.02)
    @given(st.lists(st.tuples(st.integers(0, 10**6), VALUES | st.just("absent")), min_size=1, max_size=3))
    def ends(changes):
        path.write_text(json.dumps(changed(whole, changes)), errors="backslashreplace")
        used(folder, path)

    ends()


@pytest.mark.parametrize("kind", ["function", "systems"])
def test_results_that_are_damaged(folder, kind):
    whole = (folder / f"{kind}.json").read_bytes()
    path = folder / "damaged.json"
    path.touch()

    @cases(0.015)
    @given(damaged(st.just(whole)))
    def ends(content):
        path.write_bytes(content)
        used(folder, path)

    ends()


@pytest.mark.parametrize("text", TRAPS)
def test_no_text_of_a_result_is_executed(folder, text):
    trap = folder / "trap"
    whole = json.loads((folder / "function.json").read_text())
    path = folder / "trapped.json"
    path.touch()
    texts = [place for place in places(whole) if isinstance(_at(whole, place), str)]
    for number in range(0, len(texts), 5):
        path.write_text(json.dumps(_with(whole, texts[number], text.format(trap))))
        run("predict", path, folder / "table.csv")
        assert not trap.exists()


def _at(content, place):
    for key in place:
        content = content[key]
    return content


def _with(content, place, value):
    content = json.loads(json.dumps(content))
    *path, last = place
    _at(content, path)[last] = value
    return content


def opened(folder):
    """Whether a checkpoint can be used; if not, it was refused in words of the user's."""
    try:
        model = from_pretrained(folder).model
    except ValueError as error:
        message = f"nsr: {error}"
    else:
        return all(bool(weight.isfinite().all()) for weight in model.parameters())
    assert is_clear(message)
    return False


@cases(0.03)
@given(st.sampled_from(["config.json", "tokenizer.json", "model.safetensors"]), st.data())
def test_damaged_checkpoints(folder, name, data):
    own = folder / "checkpoint"
    content = data.draw(damaged(st.just((Path(UNTRAINED) / name).read_bytes())))
    (own / name).write_bytes(content)
    try:
        opened(own)
    finally:
        shutil.copy(Path(UNTRAINED) / name, own / name)


@cases(0.02)
@given(
    st.sampled_from(["config.json", "tokenizer.json"]),
    st.lists(st.tuples(st.integers(0, 10**6), VALUES | st.just("absent")), min_size=1, max_size=2),
)
def test_checkpoints_of_which_parts_are_others(folder, name, changes):
    own = folder / "checkpoint"
    whole = json.loads((Path(UNTRAINED) / name).read_text())
    (own / name).write_text(json.dumps(changed(whole, changes)), errors="backslashreplace")
    try:
        opened(own)
    finally:
        shutil.copy(Path(UNTRAINED) / name, own / name)


@cases(0.017)
@given(st.integers(0, 10**6), st.sampled_from(["shape", "type", "absent", "more", "nan", "name"]))
def test_checkpoints_with_other_weights(folder, pick, kind):
    own, file = folder / "checkpoint", "model.safetensors"
    weights = load_file(Path(UNTRAINED) / file)
    name = sorted(weights)[pick % len(weights)]
    weight = weights[name]
    others = {"shape": weight[None], "type": weight.to(torch.int64), "nan": weight * torch.nan}
    if kind in others:
        weights[name] = others[kind].contiguous()
    elif kind == "more":
        weights["more"] = weight.clone()
    else:
        del weights[name]
        if kind == "name":
            weights["other"] = weight
    save_file(weights, own / file)
    try:
        assert not opened(own)
    finally:
        shutil.copy(Path(UNTRAINED) / file, own / file)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_pickles_are_refused(folder, name):
    class Trap:
        def __reduce__(self):
            return open, (str(folder / "trap"), "w")

    own = folder / "checkpoint"
    (own / name).write_bytes(pickle.dumps(Trap()))
    try:
        assert not opened(own)
        torch.save(Trap(), own / name)
        assert not opened(own)
    finally:
        shutil.copy(Path(UNTRAINED) / name, own / name)
    result = folder / "pickle.json"
    result.write_bytes(pickle.dumps(Trap()))
    used(folder, result)
    assert not (folder / "trap").exists()
    result.unlink()
