import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from nsr import kernels
from nsr.kernels import cache_folder, first_writable, kernel, sources_digest

CALLEE = "from toy.kernels import kernel\n\n@kernel\ndef callee(x):\n    return x + 1\n"
CALLER = """import sys
from toy.callee import callee
from toy.kernels import kernel

@kernel
def caller(x):
    return 10 * callee(x)

if __name__ == "__main__":
    print(caller(1), sum(caller.stats.cache_hits.values()))
"""


@pytest.fixture
def toy(tmp_path):
    """A package with two kernels, one of which calls the other, and the module under test."""
    package = tmp_path / "toy"
    package.mkdir()
    shutil.copy(kernels.__file__, package / "kernels.py")
    (package / "callee.py").write_text(CALLEE)
    (package / "caller.py").write_text(CALLER)
    return package


def start(toy):
    environment = {**os.environ, "PYTHONPATH": str(toy.parent)}
    environment.pop("NUMBA_CACHE_DIR", None)
    return subprocess.Popen(
        [sys.executable, "-m", "toy.caller"], env=environment, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.integration
def test_kernels_are_kept_also_by_two_first_processes_at_once_until_what_they_call_changes(toy):
    results = [process.communicate()[0].split()[0] for process in [start(toy), start(toy)]]
    assert results == ["20", "20"]
    assert start(toy).communicate()[0].split() == ["20", "1"]  # not compiled again
    callee = toy / "callee.py"
    before = callee.stat()
    callee.write_text(CALLEE.replace("x + 1", "x + 2"))  # of the same length and, as in a wheel, time
    os.utime(callee, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert start(toy).communicate()[0].split() == ["30", "0"]


def test_the_digest_is_of_all_files_with_kernels_and_of_the_tables_they_read_and_of_no_others(tmp_path):
    package = tmp_path / "nsr"
    shutil.copytree(Path(kernels.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    seen = {sources_digest(package)}
    users = [path for path in package.rglob("*.py") if "@kernel" in path.read_text(encoding="utf-8")]
    assert len(users) > 5
    for path in (*users, package / "expressions" / "operators.py"):
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        digest = sources_digest(package)
        assert digest not in seen
        seen.add(digest)
    (package / "cli.py").write_text("")
    assert sources_digest(package) in seen


def test_the_first_place_that_can_be_written_to_is_taken_and_folders_of_other_sources_there_go(tmp_path):
    (tmp_path / "file").touch()
    unwritable, writable = tmp_path / "file" / "below", tmp_path / "writable"
    old = first_writable([unwritable, writable, tmp_path / "never"], "kernels-old")
    assert old == writable / "kernels-old"
    assert old.is_dir()
    (writable / "of the user").touch()
    new = first_writable([writable], "kernels-new")
    assert sorted(path.name for path in writable.iterdir()) == ["kernels-new", "of the user"]
    assert first_writable([writable], "kernels-new") == new
    assert first_writable([unwritable], "kernels-new") is None


def test_a_read_only_installation_uses_the_users_cache_then_a_temporary_folder_then_none(
    tmp_path, monkeypatch
):
    find = cache_folder.__wrapped__
    blocked = tmp_path / "blocked"
    blocked.touch()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "asked for"))
    assert find().is_relative_to(tmp_path / "asked for")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(blocked))  # stands for folders that are read-only
    monkeypatch.setattr(kernels, "user_cache_dir", lambda *_, **__: str(tmp_path / "user"))
    assert find().is_relative_to(tmp_path / "user")
    monkeypatch.setattr(kernels, "user_cache_dir", lambda *_, **__: str(blocked))
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(tmp_path))
    temporary = find()
    assert temporary.parent == tmp_path
    assert temporary.is_dir()
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(blocked))
    assert find() is None


def test_where_nothing_can_be_kept_kernels_are_compiled_all_the_same(monkeypatch):
    monkeypatch.setattr(kernels, "cache_folder", lambda: None)

    @kernel
    def twice(x):
        return 2 * x

    assert twice(3) == 6


def test_the_setting_of_numba_is_the_users_again_after_a_kernel_was_made(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    kernel(lambda x: x)
    assert str(tmp_path) == numba.config.CACHE_DIR
