"""Methods by name: a method is a module with a class `Method`, in a package here or anywhere else."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
M = TypeVar("M")


class MethodMissingError(RuntimeError):
    """A method's package is not installed; the message says how to install it."""


class Registry(Generic[P, M]):
    """The methods that are modules of a package.

    A method is told by the name of its module, as results are made in processes of their own, which find a
    module by its name and nothing else.

    Args:
        package: Name of the package.
    """

    def __init__(self, package: str) -> None:
        self._package = package

    def names(self) -> list[str]:
        """Names of the package's own methods."""
        path = importlib.import_module(self._package).__path__
        return sorted(module.name for module in pkgutil.iter_modules(path))

    def make(self, name: str, *args: P.args, **kwargs: P.kwargs) -> M:
        """A fresh, unfitted method.

        Args:
            name: A name of this package, or a dotted one of a module elsewhere, such as `my_package.method`.
            *args: What the class `Method` takes.
            **kwargs: The same by name.

        Raises:
            ValueError: If there is no such method.
            MethodMissingError: If what it needs is not installed.
        """
        method: M = self._class(name)(*args, **kwargs)
        return method

    def package(self, name: str) -> str | None:
        """The distribution of somebody else's method, as its attribute `package` says; None for ours."""
        try:
            return getattr(self._class(name), "package", None)
        except (ValueError, MethodMissingError):
            return None

    def _class(self, name: str) -> Any:
        try:
            return importlib.import_module(self._module(name)).Method
        except ImportError as error:
            package = (error.name or name).split(".")[0]
            raise MethodMissingError(
                f"{name} needs the package {package}: pip install -c constraints.txt -e '.[baselines]'"
            ) from None

    def _module(self, name: str) -> str:
        if name in self.names():
            return f"{self._package}.{name}"
        if "." in name and _exists(name):
            return name
        raise ValueError(
            f"no method {name!r}; choose from {', '.join(self.names())}, or name a module that Python finds, "
            "such as my_package.my_method"
        )


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False
