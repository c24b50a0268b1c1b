"""Shared test settings: one thread per process, so that parallel runs do not fight for cores."""

import torch

torch.set_num_threads(1)
