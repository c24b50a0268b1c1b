"""Weights in parts: nothing is lost on the way but what bfloat16 loses, and no part is too large."""

import pytest
import torch

from training.parts import read_parts, write_parts


@pytest.fixture
def weights():
    generator = torch.Generator().manual_seed(0)
    return {f"layer.{i}": torch.randn(16, i + 1, generator=generator) for i in range(12)}


def test_what_was_written_is_read(weights, tmp_path):
    parts = write_parts(tmp_path, weights, {"step": 3}, largest=600)
    assert len(parts) > 2
    read, story = read_parts(tmp_path)
    assert story == {"step": 3}
    assert set(read) == set(weights)
    for name, value in weights.items():
        torch.testing.assert_close(read[name].float(), value, rtol=2**-8, atol=0)


def test_a_part_holds_no_more_than_it_may(weights, tmp_path):
    for path in write_parts(tmp_path, weights, {}, largest=600):
        assert path.stat().st_size < 600 + 2048  # the file's own table of contents


def test_parts_of_an_earlier_call_do_not_stay(weights, tmp_path):
    write_parts(tmp_path, weights, {}, largest=100)
    parts = write_parts(tmp_path, weights, {})
    assert sorted(tmp_path.glob("*.safetensors")) == parts


def test_a_missing_part_is_told(weights, tmp_path):
    write_parts(tmp_path, weights, {}, largest=600)[1].unlink()
    with pytest.raises(ValueError, match="parts; copy the others beside them"):
        read_parts(tmp_path)
