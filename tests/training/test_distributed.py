"""Several processes that train as one, and runs that are killed."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from shrunken import SHRUNKEN

ROOT = Path(__file__).parents[2]
QUICK = [
    *SHRUNKEN,
    "--trainer.enable_progress_bar=false",
    "--trainer.val_check_interval=1000",
    "--model.development.n_problems=2",
    "--model.development.classical=false",
    # A run that is killed may have come further than the end of the one it is compared with.
    "--model.schedule.decay_share=0",
    "--checkpoint.every_minutes=0.01",
]


def command(folder: Path, steps: int, *extra: str) -> list[str]:
    return [
        sys.executable, "-m", "training.main", "fit", "--config=training/configs/tiny.yaml", *QUICK,
        f"--run={folder}", f"--trainer.max_steps={steps}", "--ckpt_path=last", *extra,
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
    for devices in (1, 2):
        arguments = [sys.executable, str(Path(__file__).with_name("two_ranks.py")), str(devices)]
        output = tmp_path / f"{devices}.safetensors"
        subprocess.run([*arguments, str(output)], check=True, cwd=ROOT, env=environment(), timeout=300)
    one, two = load_file(tmp_path / "1.safetensors"), load_file(tmp_path / "2.safetensors")
    for name, weights in one.items():
        # Muon's directions are rounded to bfloat16; its six steps go up to 0.02 far.
        hidden = ("query.weight", "key_value.weight", "out.weight", "up.weight", "down.weight")
        tolerance = 5e-4 if name.endswith(hidden) else 5e-5
        torch.testing.assert_close(two[name], weights, rtol=1e-3, atol=tolerance, msg=name)


def test_two_ranks_of_the_command_count_both_and_resume(tmp_path):
    arguments = ["--trainer.devices=2", "--trainer.strategy=ddp"]
    for steps in (3, 5):
        subprocess.run(
            command(tmp_path, steps, *arguments), check=True, cwd=ROOT, env=environment(), timeout=300
        )
    state = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["global_step"] == 5
    assert state["nsr_run"]["samples_seen"] == 5 * 2 * 8
    assert sorted(losses(tmp_path)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_resumes_to_the_same_curve(tmp_path, kind):
    steps = 60
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(whole, steps), check=True, cwd=ROOT, env=environment(), timeout=300)
    process = subprocess.Popen(command(killed, 10_000), cwd=ROOT, env=environment())
    checkpoint = killed / "checkpoints" / "last.ckpt"
    deadline = time.monotonic() + 200
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(kind)
    process.wait(timeout=100)
    reached = torch.load(checkpoint, weights_only=True)["global_step"]
    assert reached > 0
    steps = max(steps, reached + 5)
    subprocess.run(command(killed, steps), check=True, cwd=ROOT, env=environment(), timeout=300)
    expected, found = losses(whole), losses(killed)
    assert found.keys() >= set(range(1, 61))
    for step in range(1, 61):
        assert found[step] == pytest.approx(expected[step], rel=1e-5), step


def test_a_cluster_job_that_runs_out_of_time_saves_and_requeues(tmp_path):
    tools = {
        "srun": 'exec "$@"',
        "python": f'exec {sys.executable} "$@"',
        "scontrol": f'echo "$@" > {tmp_path / "requeued"}',
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
    script = ["bash", "training/slurm/node.sbatch", "training/configs/tiny.yaml", *QUICK]
    arguments = [*script, f"--run={tmp_path / 'run'}", "--trainer.max_steps=100000"]
    # Lightning takes the variables of a job as a sign that srun has started it; this srun is none.
    hidden = ["--trainer.plugins=lightning.pytorch.plugins.environments.LightningEnvironment"]
    process = subprocess.Popen([*arguments, *hidden], cwd=ROOT, env=environment() | slurm)
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    deadline = time.monotonic() + 200
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    before = checkpoint.stat().st_mtime_ns
    process.send_signal(signal.SIGUSR1)
    process.wait(timeout=100)
    assert (tmp_path / "requeued").read_text().split() == ["requeue", "17"]
    assert checkpoint.stat().st_mtime_ns > before
    assert torch.load(checkpoint, weights_only=True)["global_step"] > 0
