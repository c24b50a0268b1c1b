"""Fields: from values on a regular grid to partial differential equations."""

from nsr.fields.regressor import PDERegressor

__all__ = ["PDERegressor"]
