import os

from nsr.evaluate.kernel_cache import drop_stale_kernels


def test_only_kernels_older_than_a_source_are_dropped(tmp_path):
    cache = tmp_path / "refinement" / "__pycache__"
    cache.mkdir(parents=True)
    (tmp_path / "evaluate").mkdir()
    for path, age in (
        (tmp_path / "evaluate" / "interpreter.py", 50),
        (cache / "old.nbi", 100),
        (cache / "new.nbi", 10),
    ):
        path.touch()
        os.utime(path, (1e9 - age, 1e9 - age))
    assert drop_stale_kernels(tmp_path) == 1
    assert [path.name for path in cache.iterdir()] == ["new.nbi"]


def test_a_folder_without_a_cache_is_fine(tmp_path):
    assert drop_stale_kernels(tmp_path) == 0
