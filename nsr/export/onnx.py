"""Expressions as ONNX models, by way of PyTorch."""

from __future__ import annotations

import logging
import warnings
from typing import Literal

import torch

from nsr.export.torch import ExpressionModule
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.operators import OPERATORS


def to_onnx(
    expression: Expression, n_variables: int, dtype: Literal["float64", "float32"] = "float64"
) -> bytes:
    """The bytes of a model that maps `X`, shape (rows, n_variables), to `y`, shape (rows,).

    Args:
        expression: What to write, without placeholders.
        n_variables: Columns of X.
        dtype: Of X and y. Some runtimes have no tan, inverse or hyperbolic functions of 64 bits.

    Raises:
        ValueError: If a constant has no value yet, onnxscript is not installed, or ONNX lacks an operator.
    """
    if PLACEHOLDER in expression.tokens:
        raise ValueError(
            "a constant of the expression has no value yet; refine it before it is written in ONNX"
        )
    try:
        import onnxscript  # noqa: F401 (which PyTorch needs, and says so in many lines)
    except ImportError:
        raise ValueError("ONNX needs onnxscript: pip install 'nsr[onnx]'") from None
    X = torch.ones((2, n_variables), dtype=getattr(torch, dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions of PyTorch's own parts
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        try:
            program = torch.onnx.export(
                ExpressionModule(expression).eval(),
                (X,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("rows")},),
                input_names=["X"],
                output_names=["y"],
                verbose=False,
            )
        except torch.onnx.OnnxExporterError:
            used = {str(token) for token in expression.tokens if token in OPERATORS}
            raise ValueError(f"PyTorch cannot write one of {', '.join(sorted(used))} in ONNX") from None
    assert program is not None  # which it is only for the exporter of before
    return bytes(program.model_proto.SerializeToString())
