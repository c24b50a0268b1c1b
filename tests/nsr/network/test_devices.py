import pytest
import torch

from nsr.network.devices import find_device


def test_the_processor_is_always_there():
    assert find_device("cpu") == "cpu"
    assert torch.ones(1, device=find_device("auto")).sum() == 1


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", None, 3])
def test_what_is_not_a_device_is_refused(name):
    with pytest.raises(ValueError, match="is not known; use auto, cpu"):
        find_device(name)


@pytest.mark.parametrize("name", [f"cuda:{torch.cuda.device_count()}", "meta"])
def test_devices_that_are_absent_or_hold_nothing_are_refused(name):
    with pytest.raises(ValueError, match="does not work on this machine; use auto or one of cpu"):
        find_device(name)
