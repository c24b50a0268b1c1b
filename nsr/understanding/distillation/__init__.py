"""Distillation: a trained torch module comes in, equations of what it has learned go out.

`distiller.distill` is `nsr.distill`; `message_passing` learns a law between particles
first. The user calls them.
"""
