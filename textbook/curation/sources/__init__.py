"""Sources of rows: code in folders, installed packages, data files, datasets of the Hub, rows in hand, earlier runs.

What can't be read as text is a dropped row with its reason (`intake`). Runs nothing: see `textbook.engine`.
"""

from textbook.curation.sources.dataset_folder import Folder
from textbook.curation.sources.files import Files
from textbook.curation.sources.hub import Hub
from textbook.curation.sources.json_lines import JsonLines
from textbook.curation.sources.opening import open_source
from textbook.curation.sources.packages import InstalledPackages
from textbook.curation.sources.parquet import Parquet
from textbook.curation.sources.rows import Rows

__all__ = ["Files", "Folder", "Hub", "InstalledPackages", "JsonLines", "Parquet", "Rows", "open_source"]
