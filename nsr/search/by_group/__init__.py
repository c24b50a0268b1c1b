"""Laws by group: a task and the group of each row in; a front of equations whose constants may differ out.

`solve` is what estimators call; `noise` says which loss the groups have, and how large their noise is.
"""
