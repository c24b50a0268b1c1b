"""Machines with little memory, a full disk, or folders that nobody may write to; threads and processes."""

import concurrent.futures
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from campaign import run, share_of
from effort import IDLE
from untrained import UNTRAINED

from nsr import SymbolicRegressor

pytestmark = pytest.mark.campaign

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from nsr.cli import main; main()"]
FIT = ["fit", str(ROOT / "examples" / "planets.csv"), "--target=period", "--time-limit=60"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "\n".join(f"{x},{2 * x + 1}" for x in range(12)))
    return path


@pytest.mark.parametrize("size", [0, 1_000, 60_000, 70_000])
def test_results_that_do_not_fit_on_the_disk_are_told_and_those_of_before_stay(
    table, few_stages, size, monkeypatch, tmp_path
):
    """As where a disk is full, or a quota is used up."""
    output = tmp_path / "result.json"
    output.write_text("before" * 20_000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        code = run("fit", table, "--target=y", "--output", output).code
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    if code == 2:
        assert output.read_text() == "before" * 20_000
    assert size < 70_000 or code == 0
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def fitted(seed):
    """An equation that is found in some data."""
    X = np.random.default_rng(seed).uniform(1, 2, (20, 2))
    model = SymbolicRegressor(UNTRAINED, n_candidates=8, settings=IDLE, stages="families", time_limit=60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(X, X[:, 0] * X[:, 1] ** seed).equations()[model.best_index_]


def test_threads_and_processes_find_what_one_alone_finds():
    alone = [fitted(seed) for seed in range(1, 4)]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(fitted, range(1, 4))) == alone
    pid = os.fork()
    if pid == 0:
        os._exit(0 if [fitted(seed) for seed in range(1, 4)] == alone else 1)
    assert os.waitpid(pid, 0)[1] == 0
    if share_of(0, 1):  # a process that begins anew loads everything again
        spawn = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
            assert list(pool.map(fitted, range(1, 4))) == alone


def environment(folder):
    """Variables of a user who has a home of their own, and a package where nothing is compiled yet."""
    own = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / ".cache"), "PYTHONPATH": str(folder / "site")}
    return {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"} | own


@pytest.fixture
def installed(tmp_path):
    """A home with an installation in it."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("nsr", "checkpoints"):
        shutil.copytree(ROOT / name, tmp_path / "site" / name, ignore=ignored)
    return tmp_path


def ends_well(done):
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "period = sqrt(semi_major_axis**3)" in done.stdout


@pytest.mark.slow
def test_two_first_runs_at_once_and_compilations_that_are_killed(installed):
    own = {"cwd": installed, "env": environment(installed), "text": True}
    for seconds in np.random.default_rng(0).uniform(2, 40, 3):
        process = subprocess.Popen(
            [*COMMAND, *FIT], **own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    both = [subprocess.Popen([*COMMAND, *FIT], **own, **pipes) for _ in range(2)]
    for process in both:
        out, err = process.communicate()
        ends_well(subprocess.CompletedProcess((), process.returncode, out, err))


@pytest.mark.slow
def test_homes_and_packages_that_nobody_may_write_to(installed):
    mounts = f"mount --bind {installed} {installed} && mount -o remount,ro,bind {installed} {installed}"
    script = f'{mounts} && exec "$@"'
    may = subprocess.run(["unshare", "-m", "sh", "-c", f"{mounts} && ! touch {installed}/file"], check=False)
    if may.returncode:
        pytest.skip("nothing can be mounted here")
    words = ["unshare", "-m", "sh", "-c", script, "sh", *COMMAND, *FIT]
    ends_well(
        subprocess.run(
            words, env=environment(installed), cwd="/", capture_output=True, text=True, check=False
        )
    )


@pytest.mark.parametrize(
    "megabytes", [300, 400, 500, 600, 700, 800, 1_000, pytest.param(1_500, marks=pytest.mark.slow)]
)
def test_little_memory_is_enough_or_told(megabytes, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))

    words = [*COMMAND, *FIT, "--output", str(tmp_path / "result.json")]
    done = subprocess.run(words, preexec_fn=limit, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 2}, done.stderr
    assert "Traceback" not in done.stderr
    assert (done.returncode == 0) == (megabytes == 1_500) == ("raise the limit" not in done.stderr)
    assert (tmp_path / "result.json").exists() == (done.returncode == 0)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["result.json"])
