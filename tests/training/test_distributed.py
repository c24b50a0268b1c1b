"""Several processes that train as one, and runs that are killed."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch
import two_ranks
from forked import ROOT, start, start_ranks, train, train_and_stop_in_validation, train_as_group
from safetensors.torch import load_file
from shrunken import SHRUNKEN

from training.main import main

pytestmark = pytest.mark.integration

QUICK = [
    *SHRUNKEN,
    "--trainer.enable_progress_bar=false",
    "--trainer.val_check_interval=1000",
    "--model.development.n_problems=2",
    "--model.development.classical=false",
    # A run that is killed may have come further than the end of the one it is compared with.
    "--model.schedule.decay_share=0",
    "--checkpoint.every_minutes=0",
    "--data.stream.n_workers=1",
]
# What any of these runs may take on a machine that is busy with something else, in seconds.
PATIENCE = 900
# Nothing saves but the signal.
TWO_RANKS = ["--trainer.devices=2", "--trainer.strategy=ddp", "--checkpoint.every_minutes=1000"]


def arguments(folder: Path, steps: int, *extra: str) -> list[str]:
    return [
        "fit", "--config=training/configs/tiny.yaml", *QUICK, f"--run={folder}",
        f"--trainer.max_steps={steps}", "--ckpt_path=last", *extra,
    ]  # fmt: skip


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def losses(folder: Path) -> dict[int, float]:
    """Loss by step over all starts of a run; a later start replaces what it repeats."""
    result = {}
    for path in sorted(folder.glob("logs/version_*/metrics.csv")):
        with path.open() as file:
            for row in csv.DictReader(file):
                if row["train_loss"]:
                    result[int(row["step"])] = float(row["train_loss"])
    return result


def test_two_ranks_are_one_process_with_the_same_global_batch(tmp_path):
    process = start(two_ranks.main, tmp_path)
    assert exit_code(process) == 0
    one, two = load_file(tmp_path / "1.safetensors"), load_file(tmp_path / "2.safetensors")
    for name, weights in one.items():
        # Muon's directions are rounded to bfloat16; its six steps go up to 0.02 far.
        hidden = ("query.weight", "key_value.weight", "out.weight", "up.weight", "down.weight")
        tolerance = 5e-4 if name.endswith(hidden) else 5e-5
        torch.testing.assert_close(two[name], weights, rtol=1e-3, atol=tolerance, msg=name)


def exit_code(process: BaseProcess) -> int | None:
    """What a process ends with; one that does not end is killed."""
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        pytest.fail("a process did not end")
    return process.exitcode


def wait_until(condition: Callable[[], object], is_running: Callable[[], bool]) -> None:
    """Waits for what a process will do; fails if it ends before."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert is_running(), "the process has ended"
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def saved(folder: Path) -> dict:
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)


def check_two_ranks(folder: Path) -> int:
    """The step at which two ranks were stopped; nothing is lost."""
    state = saved(folder)
    reached: int = state["global_step"]
    assert state["nsr_run"]["samples_seen"] == reached * 2 * 8
    assert sorted(losses(folder)) == list(range(1, reached + 1))
    return reached


def wait_for_group(group: int) -> None:
    """Waits until no process of a group is left."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a rank did not end")


def test_two_ranks_stop_together_when_one_is_asked_to_and_go_on_until_the_whole_group_is(tmp_path):
    """The whole process group as SLURM asks it: the processes that draw the data get the signal as well."""
    words = arguments(tmp_path, 10_000, *TWO_RANKS)
    ranks = start_ranks(words, 2)
    wait_until(lambda: losses(tmp_path), ranks[0].is_alive)
    ranks[1].terminate()
    assert [exit_code(rank) for rank in ranks] == [0, 0]
    reached = check_two_ranks(tmp_path)

    process = start(train_as_group, words)
    assert process.pid is not None
    try:
        wait_until(lambda: len(losses(tmp_path)) > reached, process.is_alive)
        os.killpg(process.pid, signal.SIGTERM)
        assert exit_code(process) == 0
        wait_for_group(process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert check_two_ranks(tmp_path) > reached


def test_a_run_that_is_asked_to_stop_while_it_validates_saves_and_ends_with_its_workers(tmp_path):
    words = arguments(tmp_path, 10_000, "--trainer.val_check_interval=2", "--checkpoint.every_minutes=1000")
    assert exit_code(start(train_and_stop_in_validation, words)) == 0
    assert last_step(tmp_path) == 2


@pytest.mark.filterwarnings("ignore:.*`isinstance.treespec, LeafSpec.`")
@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.filterwarnings("ignore:.*Checkpoint directory")
@pytest.mark.filterwarnings("ignore:.*No checkpoint will be loaded")
def test_a_run_that_is_killed_and_later_asked_to_stop_ends_with_the_same_curve(tmp_path, monkeypatch):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    reached = 0
    for kind in (signal.SIGKILL, signal.SIGTERM):
        process = start(train, arguments(stopped, 10_000))
        wait_until(lambda before=reached: last_step(stopped) > before, process.is_alive)
        os.kill(process.pid, kind)
        assert exit_code(process) == (0 if kind == signal.SIGTERM else -kind)
        reached = last_step(stopped)
        assert sorted(losses(stopped))[:reached] == list(range(1, reached + 1))
    for folder in (stopped, whole):  # nobody stops these, so they need no process of their own
        monkeypatch.setattr(sys, "argv", ["training.main", *arguments(folder, reached + 3)])
        main()
    expected, found = losses(whole), losses(stopped)
    assert sorted(found) == sorted(expected) == list(range(1, reached + 4))
    for step, loss in expected.items():
        assert found[step] == pytest.approx(loss, rel=1e-5), step


def last_step(folder: Path) -> int:
    """The step of a run's checkpoint, 0 without one."""
    return saved(folder)["global_step"] if (folder / "checkpoints" / "last.ckpt").exists() else 0


def test_a_cluster_job_that_runs_out_of_time_saves_and_then_requeues(tmp_path):
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    tools = {
        "srun": 'exec "$@"',
        "python": f'exec {sys.executable} "$@"',
        # Keeps what the requeued job would go on from.
        "scontrol": f'echo "$@" > {tmp_path / "requeued"}; cp {checkpoint} {tmp_path / "found.ckpt"}',
    }
    for name, body in tools.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{body}\n")
        path.chmod(0o755)
    slurm = {
        "SLURM_JOB_ID": "17",
        "SLURM_JOB_NUM_NODES": "1",
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    }
    job = ["bash", "training/slurm/node.sbatch", "training/configs/tiny.yaml", *QUICK]
    job += [f"--run={tmp_path / 'run'}", "--trainer.max_steps=100000"]
    job += ["--checkpoint.every_minutes=1000"]  # nothing saves but the signal
    # Lightning takes the variables of a job as a sign that srun has started it; this srun is none.
    hidden = ["--trainer.plugins=lightning.pytorch.plugins.environments.LightningEnvironment"]
    process = subprocess.Popen([*job, *hidden], cwd=ROOT, env=environment() | slurm)
    wait_until(lambda: losses(tmp_path / "run"), lambda: process.poll() is None)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=PATIENCE) == 0
    assert (tmp_path / "requeued").read_text().split() == ["requeue", "17"]
    reached = torch.load(tmp_path / "found.ckpt", weights_only=True)["global_step"]
    assert sorted(losses(tmp_path / "run")) == list(range(1, reached + 1))
