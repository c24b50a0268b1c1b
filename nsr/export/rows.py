"""Rows of a fitted front in other languages: what both estimators offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from nsr.data.names import Names
from nsr.export.by_group import Lookup
from nsr.expressions.expression import Expression, variable

# From an expression, the names of its variables, and the name of the function that is to be written.
Convert = Callable[[Expression, Sequence[str], str], Any]


class ExportedRows:
    """Ways to write a row of `equations_`, the chosen one by default.

    Of a system each gives a list with one entry for each component, whose function is called `dNAME_dt` (or
    `d2NAME_dt2`, or of maps `next_NAME`) and has all variables as its parameters; other functions are called
    `f` and have the columns that occur.
    """

    names_: Names
    equations_: pd.DataFrame
    best_index_: int

    def sympy(self, index: int | None = None) -> Any:
        """A SymPy expression."""
        from nsr.expressions.sympy_form import to_sympy

        return self._exported(
            index, lambda expression, names, _: to_sympy(expression, names), has_constants=True
        )

    def latex(self, index: int | None = None) -> Any:
        """LaTeX, constants with four digits."""
        from nsr.export.latex import to_latex

        return self._exported(
            index, lambda expression, names, _: to_latex(expression, names), has_constants=True
        )

    def python(self, index: int | None = None) -> Any:
        """Text of a function of numbers in plain Python."""
        from nsr.export.python import to_python, to_python_by_group

        return self._exported_by_group(index, to_python_by_group) or self._exported(index, to_python)

    def numpy(self, index: int | None = None) -> Any:
        """Text of a Python function of NumPy arrays."""
        from nsr.export.numpy import to_numpy, to_numpy_by_group

        return self._exported_by_group(index, to_numpy_by_group) or self._exported(index, to_numpy)

    def jax(self, index: int | None = None) -> Any:
        """Text of a Python function of JAX arrays."""
        from nsr.export.jax import to_jax

        return self._exported(index, to_jax)

    def torch(self, index: int | None = None) -> Any:
        """A `torch.nn.Module` of X, shape (..., n_columns), whose constants can be trained."""
        from nsr.export.torch import ExpressionModule

        return self._exported(index, lambda expression, *_: ExpressionModule(expression), has_all=True)

    def onnx(self, index: int | None = None, dtype: Literal["float64", "float32"] = "float64") -> Any:
        """The bytes of an ONNX model of `X`, shape (rows, n_columns), with the output `y`, shape (rows,)."""
        from nsr.export.onnx import to_onnx

        return self._exported(
            index, lambda expression, names, _: to_onnx(expression, len(names), dtype), has_all=True
        )

    def c(self, index: int | None = None) -> Any:
        """Text of a C99 function."""
        from nsr.export.c import to_c

        return self._exported(index, to_c)

    def excel(self, index: int | None = None, cells: Sequence[str] | None = None) -> Any:
        """A formula of Excel.

        Args:
            index: The row.
            cells: Where each column of X is: `A2`, `B2`, ... by default, the first row under a header.
        """
        from nsr.export.excel import cell, to_excel

        columns = self.names_.identifiers
        if cells is not None and len(cells) != len(columns):
            raise ValueError(f"give {len(columns)} cells, one for each column of X, not {len(cells)}")
        names = cells or [cell(place) for place in range(len(columns))]
        return self._exported(index, lambda expression, own, _: to_excel(expression, own), names)

    def matlab(self, index: int | None = None) -> Any:
        """Text of an anonymous function of MATLAB or Octave."""
        from nsr.export.matlab import to_matlab

        return self._exported(index, to_matlab)

    def julia(self, index: int | None = None) -> Any:
        """Text of a Julia function."""
        from nsr.export.julia import to_julia

        return self._exported(index, to_julia)

    def latex_table(self) -> str:
        """The whole front as a LaTeX `tabular`, constants with the digits that are shown."""
        from nsr.export.latex import equation_latex, latex_table

        equations = [r",\quad ".join(lines) for lines in self._shown(equation_latex, is_latex=True)]
        return latex_table(self.equations_, equations, self.best_index_)

    def _repr_html_(self) -> str | None:
        """The leaderboard with typeset equations, for notebooks; the parameters before a fit."""
        from nsr.export.html import equation_html, html_table

        if not hasattr(self, "equations_"):
            parameters: str | None = super()._repr_html_()  # type: ignore[misc]
            return parameters
        return html_table(self.equations_, self._shown(equation_html), self.best_index_)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str | None]:
        """What notebooks show."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _parts(self, index: int | None, is_shown: bool = False) -> list[tuple[str, Expression]]:
        """The equations of a row, each with the state whose rate it is; with an empty text for a function.

        Args:
            index: The row; the chosen one by default.
            is_shown: Whether constants have only the digits that are shown.
        """
        raise NotImplementedError

    def _shown(
        self, write: Callable[[str, Expression, Sequence[str]], str], is_latex: bool = False
    ) -> list[list[str]]:
        """All rows as they are shown, written with what stands to the left of each equation."""
        return [
            [
                write(self._left(state, is_latex) if state else "", expression, self._names(row))
                for state, expression in self._parts(row, True)
            ]
            for row in range(len(self.equations_))
        ]

    def _left(self, state: str, is_latex: bool = False) -> str:
        """What stands to the left of the equation of a state, as text or as LaTeX; for systems."""
        raise NotImplementedError

    def _function(self, state: str) -> str:
        """What a function that computes it is called; for systems."""
        raise NotImplementedError

    def _names(self, index: int | None) -> list[str]:  # noqa: ARG002 (for whoever has others by row)
        """What stands for the variables of a row: the columns, and constants that differ by group."""
        return list(self.names_.identifiers)

    @property
    def _numbers(self) -> Mapping[int, Expression]:
        """Numbers of the variables of rows that are constants with names."""
        return {}

    def _equation(self, index: int | None) -> Expression:
        """The equation of a row, constants with names as numbers; for functions."""
        ((_, named),) = self._parts(index)
        return named.substitute(self._numbers)

    def _lookup(self, index: int | None) -> Lookup | None:  # noqa: ARG002 (for whoever has groups)
        """The constants that differ by group; None where there are no groups."""
        return None

    def _exported_by_group(
        self, index: int | None, convert: Callable[[Expression, Sequence[str], Lookup], str]
    ) -> str | None:
        """A row whose constants differ by group as text; None where there are no groups."""
        lookup = self._lookup(index)
        if lookup is None:
            return None
        names, expression = self._names(index), self._equation(index)
        first = len(names) - lookup.n_constants
        used = [place for place in expression.variables if place < first] + list(range(first, len(names)))
        numbered = expression.substitute({column: variable(place) for place, column in enumerate(used)})
        return convert(numbered, [names[place] for place in used], lookup)

    def _exported(
        self,
        index: int | None,
        convert: Convert,
        names: Sequence[str] | None = None,
        has_all: bool = False,
        has_constants: bool = False,
    ) -> Any:
        """A row as something else.

        Args:
            index: The row; the chosen one by default.
            convert: What makes it so.
            names: Of all columns; their identifiers by default.
            has_all: Whether it has all columns; else a function has those that occur.
            has_constants: Whether constants of nature, and those that differ by group, stand in it by their
                names.

        Raises:
            ValueError: If it has no place for constants that differ by group.
        """
        if not has_constants and self._lookup(index) is not None:
            raise ValueError(
                "only sympy, latex, python and numpy hold constants that differ by group: ask for one group, "
                "of_group(...) in Python or --group with `nsr show`"
            )
        columns, made = self._names(index) if names is None else names, []
        parts = self._parts(index)
        for state, named in parts:
            expression = named if has_constants else named.substitute(self._numbers)
            used = range(len(columns)) if has_all or state else expression.variables
            numbered = expression.substitute({column: variable(place) for place, column in enumerate(used)})
            function = self._function(state) if state else "f"
            made.append(convert(numbered, [columns[column] for column in used], function))
        return made if parts[0][0] else made[0]
