import errno
import os
from pathlib import Path

import pytest

from nsr.data import writing
from nsr.data.writing import check_output, write_whole


def test_files_are_replaced_as_a_whole_and_keep_their_mode(tmp_path):
    path = tmp_path / "a.json"
    write_whole(path, "größe")
    assert path.read_bytes() == "größe".encode()
    path.chmod(0o640)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_new_files_have_the_mode_of_files_that_open_makes(tmp_path):
    write_whole(tmp_path / "a", "x")
    (tmp_path / "b").write_text("x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_links_are_followed(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_full_disk_leaves_the_old_file_and_the_result_elsewhere(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(target, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "_replace", full)
    with pytest.raises(OSError, match="No space left on device; the result is in") as caught:
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert Path(str(caught.value).rpartition(" ")[2]).read_text() == "new"


def test_a_write_that_stops_in_the_middle_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("old")

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_read_is_never_replaced(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a")
    (tmp_path / "link").symlink_to(data)
    os.link(data, tmp_path / "hard")
    for other in (data, tmp_path / "link", tmp_path / "hard", tmp_path / "." / "data.csv"):
        with pytest.raises(ValueError, match="would replace what is read"):
            check_output(other, [data])
    check_output(tmp_path / "other.csv", [data])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.csv", "hard", "link"]


@pytest.mark.parametrize(
    ("path", "message"),
    [("nowhere/a.json", "no folder"), ("", "is not a file"), ("/proc/a.json", "nothing can be written into")],
)
def test_outputs_that_cannot_be_are_refused_at_once(tmp_path, path, message):
    with pytest.raises(ValueError, match=message):
        check_output(tmp_path / path)


def test_devices_are_written_to():
    check_output(Path("/dev/null"))
    write_whole(Path("/dev/null"), "x")
