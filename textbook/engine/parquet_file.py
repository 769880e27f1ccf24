"""Writing one parquet file of a shard."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from textbook.engine.apply import to_arrow
from textbook.operator import Batch

ROW_GROUP_BYTES = 16_000_000
ROW_GROUP_ROWS = 20_000


class ParquetFile:
    """A parquet file that appears whole or not at all, and only if it has rows; row groups of about 16 MB."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._schema = schema
        self._temporary = path.with_suffix(".tmp")
        self._writer: pq.ParquetWriter | None = None
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = self._pending_bytes = 0
        path.unlink(missing_ok=True)

    def write(self, batch: Batch) -> None:
        """Add the rows of a batch."""
        record_batch = to_arrow(batch, self._schema)
        self._pending.append(record_batch)
        self._pending_rows += record_batch.num_rows
        self._pending_bytes += record_batch.nbytes
        if self._pending_rows >= ROW_GROUP_ROWS or self._pending_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._temporary, self._schema, compression="zstd", use_dictionary=["language", "license", "dropped_by"]
            )
        self._writer.write_table(pa.Table.from_batches(self._pending).combine_chunks())
        self._pending, self._pending_rows, self._pending_bytes = [], 0, 0

    def close(self) -> None:
        """Let the file appear."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._temporary.replace(self.path)

    def abandon(self) -> None:
        """Remove what was written, unless the file has been closed."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._temporary.unlink(missing_ok=True)
