"""Tasks and states from arrays, for tests."""

from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.state import State
from nsr.task import Task


def task(X, y, **more):
    return Task(X, y, SQUARED_ERROR, **more)


def root(X, y, **more):
    return State.root(task(X, y, **more))
