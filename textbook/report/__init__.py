"""What became of a dataset, for people: one page as HTML, in a notebook or in a file, and a table for the terminal.

Everything comes from a finished dataset folder, so a report can be made again at any time; the same folder always gives
the same bytes. Does not judge: it counts, draws and quotes what the steps wrote.
"""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textbook.folder import DatasetFolder
from textbook.lineage import write_atomic
from textbook.report.summary import summarise

NOTEBOOK_HEIGHT_PX = 640


@dataclass(frozen=True, repr=False)
class Report:
    """The report of a dataset folder. `summary` is plain JSON-able data, the only thing the page is drawn from."""

    summary: dict[str, Any]

    @classmethod
    def of(cls, folder: DatasetFolder) -> "Report":
        """Gather the report of a finished folder. Streams the rows: memory does not grow with their number."""
        return cls(summarise(folder))

    def html(self) -> str:
        """One self-contained page: no script, no network."""
        from textbook.report.page import page

        return page(self.summary)

    def save(self, path: str | Path) -> Path:
        """Write the page to `path` and return it."""
        path = Path(path)
        write_atomic(path, self.html())
        return path

    def _repr_html_(self) -> str:
        """The page in a sandboxed frame, where neither its styles nor a hostile row can reach the notebook."""
        return (
            f'<iframe sandbox="" title="Curation report" srcdoc="{html.escape(self.html())}" '
            f'style="width:100%;height:{NOTEBOOK_HEIGHT_PX}px;border:0"></iframe>'
        )

    def __str__(self) -> str:
        from textbook.report.terminal import funnel

        return funnel(self.summary)

    def __repr__(self) -> str:
        rows = self.summary["rows"]
        return f"Report({rows['source']:,} rows -> {rows['kept']:,} kept, {rows['dropped']:,} dropped)"
