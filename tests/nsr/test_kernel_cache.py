import os

from nsr.kernel_cache import drop_stale_kernels


def test_only_kernels_older_than_a_source_are_dropped(tmp_path):
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    for name, age in (("interpreter.py", 50), ("__pycache__/old.nbi", 100), ("__pycache__/new.nbi", 10)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    assert drop_stale_kernels(tmp_path) == 1
    assert [path.name for path in cache.iterdir()] == ["new.nbi"]


def test_a_folder_without_a_cache_is_fine(tmp_path):
    assert drop_stale_kernels(tmp_path) == 0
