"""Pictures as files, of any kind that matplotlib writes."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from nsr.data.writing import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 120


def check_picture(path: Path) -> None:
    """Raises where a picture could not be made.

    Raises:
        ValueError: If matplotlib is not installed, or knows no pictures with this ending.
    """
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError:
        raise ValueError("pictures need matplotlib: pip install 'nsr[plots]'") from None
    endings = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in endings:
        raise ValueError(
            f"the name of the picture {path} must end with one of .{', .'.join(sorted(endings))}"
        )


def write_picture(figure: Figure, path: Path) -> None:
    """Writes a figure; the path's ending says as which kind of picture."""
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of names in whatever writing
        figure.savefig(picture, dpi=_DOTS_PER_INCH, format=path.suffix[1:].lower())
    write_whole(path, picture.getvalue())
