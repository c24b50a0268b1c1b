"""Result files with a given equation."""

import json

import numpy as np
import pandas as pd
from untrained import UNTRAINED

from nsr import SymbolicRegressor
from nsr.expressions.parsing import parse


def save_result(path, equation, column="a", target="y", tokens=None):
    """Writes a result of one column whose chosen equation is this one, or these tokens."""
    X = pd.DataFrame({column: np.linspace(1, 2, 12)})
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=8, stages=("families",))
    model.fit(X, (3 * X[column]).rename(target)).save(path)
    content = json.loads(path.read_text())
    content["equations"][content["best"]]["tokens"] = tokens or list(parse(equation, [column]).tokens)
    path.write_text(json.dumps(content))
