"""What every report can do: be a file, and show itself in a notebook."""

import html
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from textbook.lineage import write_atomic


class Document(ABC):
    """Something to look at, made of one HTML page."""

    frame_title: ClassVar[str]
    """What the frame in a notebook is called, for those who hear it."""
    frame_height_px: ClassVar[int] = 640

    @abstractmethod
    def html(self) -> str:
        """One self-contained page: no script, no network, everything escaped."""

    def save(self, path: str | Path) -> Path:
        """Write the page to `path` and return it."""
        write_atomic(Path(path), self.html())
        return Path(path)

    def _repr_html_(self) -> str:
        """The page in a sandboxed frame, where neither its styles nor a hostile row can reach the notebook."""
        return (
            f'<iframe sandbox="" title="{self.frame_title}" srcdoc="{html.escape(self.html())}" '
            f'style="width:100%;height:{self.frame_height_px}px;border:0"></iframe>'
        )
