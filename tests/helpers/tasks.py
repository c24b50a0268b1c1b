"""Tasks and states from arrays, for tests."""

from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.state import State
from nsr.task import Task


def task(X, y, *, loss=SQUARED_ERROR, **more):
    return Task(X, y, loss, **more)


def root(X, y, **more):
    return State.root(task(X, y, **more))
