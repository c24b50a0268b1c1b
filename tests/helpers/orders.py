"""Work for other processes, which know functions by their modules alone."""

import os
import signal


def doubled(order):
    """Twice a number; a process that is told to die is lost."""
    if order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return order * 2
