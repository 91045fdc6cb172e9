"""The names of one part of a capture as a Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from batchgraph.naming.said import Collected
from batchgraph.results import replacing
from batchgraph.schema import NAME_COLUMNS, arrow_schema


def write_names(path: Path, capture: str, collected: Collected) -> None:
    """Write what was collected, in the order in which it was said; no file where nothing was.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    if not collected.first:
        return
    said = list(collected.first)
    first = list(collected.first.values())
    columns: dict[str, Sequence[Any]] = {
        "capture": [capture] * len(said),
        "frame": [frame for frame, _, _ in first],
        "place": [place for _, place, _ in first],
        "address": [one.address for one in said],
        "name": [one.name for one in said],
        "source": [one.source for one in said],
        "packets": [packets for _, _, packets in first],
    }
    schema = arrow_schema(NAME_COLUMNS, capture=capture)
    arrays = [_array(columns[field.name], field.type) for field in schema]
    with replacing(path, verify=lambda written: _verify(written, len(said))) as temporary:
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), temporary, compression="zstd")


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Give values as an array, without `pyarrow.array`, which imports pandas where that is installed."""
    if pa.types.is_dictionary(kind):
        places = {text: place for place, text in enumerate(dict.fromkeys(values))}
        indices = _array([places[text] for text in values], pa.int32())
        return pa.DictionaryArray.from_arrays(indices, _array(list(places), pa.string()), safe=False)
    if pa.types.is_string(kind):
        octets = [text.encode() for text in values]
        offsets = np.cumsum([0, *map(len, octets)], dtype=np.int32)
        return pa.StringArray.from_buffers(len(octets), pa.py_buffer(offsets), pa.py_buffer(b"".join(octets)))
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.array(values, kind.to_pandas_dtype()))])


def _verify(path: Path, rows: int) -> None:
    """Read the footer back: pyarrow closes a file on a full disk without complaint."""
    try:
        written = pq.read_metadata(path).num_rows
    except pa.ArrowException as error:
        raise OSError(f"the file is not whole: {error}") from error
    if written != rows:
        raise OSError(f"{written} rows are there, {rows} were written")
