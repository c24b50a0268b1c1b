"""Dynamical systems: from observed trajectories to equations of motion."""

from nsr.ode.regressor import ODERegressor

__all__ = ["ODERegressor"]
