"""What mattered in Friedman's function: before a fit, in the equation, and in what it leaves.

`python -m examples.friedman` draws Friedman's first function with idle columns and noise (as scikit-learn
does), measures the mutual information of columns and pairs with the target, fits, and prints what each
variable and term of the equation is worth and what is left to explain.
"""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer
from sklearn.datasets import make_friedman1

import nsr
from examples.measured import Output, save


def main(
    rows: Annotated[int, typer.Option(help="rows to draw")] = 1000,
    columns: Annotated[int, typer.Option(help="columns, five of which matter")] = 10,
    noise: Annotated[float, typer.Option(help="standard deviation of the noise")] = 1.0,
    time_limit: Annotated[float, typer.Option(help="seconds to search")] = 30.0,
    seed: Annotated[int, typer.Option(help="of data and search")] = 0,
    output: Output = None,
) -> None:
    """Print information, importance and what is left."""
    values, y = make_friedman1(rows, n_features=columns, noise=noise, random_state=seed)
    X = pd.DataFrame(values, columns=[f"x{place}" for place in range(columns)])
    before = nsr.information(X, y)
    print("before the fit:", before.to_string(float_format="%.3f"), sep="\n")
    model = nsr.SymbolicRegressor(time_limit=time_limit, random_state=seed).fit(X, y)
    equation = model.equations("warranted")[model.best_index_]
    print("\n", equation, "\n", sep="")
    found = nsr.importance(model, X, y)
    print(found)
    left = nsr.information(X, y - model.predict(X), pairs=False)
    print("\nof the residuals:", left.to_string(float_format="%.3f"), sep="\n")
    tables = {"information": before, "importance": found.variables, "left": left}
    rows_of = {name: table.to_dict("records") for name, table in tables.items()}
    save({"seed": seed, "equation": equation, **rows_of}, output)


if __name__ == "__main__":
    typer.run(main)
