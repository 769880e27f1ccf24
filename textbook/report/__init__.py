"""What became of a dataset, for people: one page as HTML, in a notebook or in a file, and a table for the terminal.

Everything comes from a finished dataset folder, so a report can be made again at any time; the same folder always gives
the same bytes. Does not judge: it counts, draws and quotes what the steps wrote.
"""

from dataclasses import dataclass
from typing import Any

from textbook.folder import DatasetFolder
from textbook.report.document import Document
from textbook.report.summary import summarise


@dataclass(frozen=True, repr=False)
class Report(Document):
    """The report of a dataset folder. `summary` is plain JSON-able data, the only thing the page is drawn from."""

    frame_title = "Curation report"

    summary: dict[str, Any]

    @classmethod
    def of(cls, folder: DatasetFolder) -> "Report":
        """Gather the report of a finished folder. Streams the rows: memory does not grow with their number."""
        return cls(summarise(folder))

    def html(self) -> str:
        """See `Document`."""
        from textbook.report.page import page

        return page(self.summary)

    def __str__(self) -> str:
        from textbook.report.terminal import funnel

        return funnel(self.summary)

    def __repr__(self) -> str:
        rows = self.summary["rows"]
        return f"Report({rows['source']:,} rows -> {rows['kept']:,} kept, {rows['dropped']:,} dropped)"
