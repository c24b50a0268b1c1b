"""Shared test settings."""

import torch
from hypothesis import settings

# The same examples in every run: a failure is always somebody's change. No deadline: machines differ.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# One thread per process, so that parallel runs do not fight for cores.
torch.set_num_threads(1)
