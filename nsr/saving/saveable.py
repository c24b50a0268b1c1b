"""What writes fitted estimators to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from nsr.data.writing import check_output
from nsr.saving.file import write


class Saveable:
    """An estimator that can be saved once it is fitted."""

    def save(self, path: str | Path) -> None:
        """Writes everything but the rows as JSON: the whole front, what the data say of it, the parameters.

        `nsr.load`, `nsr show` and `nsr predict` read it; that of a function has the report, as that needs the
        rows.

        Args:
            path: File to write.

        Raises:
            ValueError: If it cannot be a file.
            OSError: If it cannot be written; the message says where the result is instead, if anywhere.
        """
        check_is_fitted(self)
        check_output(Path(path))
        write(Path(path), *self._plain())

    def _plain(self) -> tuple[str, Mapping[str, Any]]:
        """What the file is a result of, and its content."""
        raise NotImplementedError
