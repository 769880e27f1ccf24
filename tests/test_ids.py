"""Repeated ids are found among any number of rows, in parts of any size."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textbook.engine.ids import check_unique
from textbook.lineage import row_id


def written(folder, *columns):
    files = []
    for i, column in enumerate(columns):
        files.append(folder / f"{i}.parquet")
        pq.write_table(pa.table({"id": pa.array(column, pa.string())}), files[-1])
    return files


@pytest.mark.parametrize("rows_at_once", [7, 1000, 20_000_000])
@pytest.mark.parametrize(
    "make", [lambda n: row_id("s", str(n)), lambda n: f"row {n}", lambda n: f"{n:032d}"[:31] + "g"]
)
def test_a_repeated_id_is_found_and_named(tmp_path, rows_at_once, make):
    ids = list(dict.fromkeys(make(n * 10) for n in range(500)))
    check_unique(written(tmp_path, ids[:200], ids[200:], []), rows_at_once)
    with pytest.raises(ValueError, match=f"the id '{ids[77]}' stands for more than one row"):
        check_unique(written(tmp_path, ids[:200], [*ids[200:], ids[77]]), rows_at_once)


def test_no_files():
    check_unique([])
