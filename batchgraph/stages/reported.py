"""What the last stage depends on and what it makes, for its receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.receipts import Body, forget_all_but, key_of, read_receipt, result_digest, write_receipt
from batchgraph.results import COMBINED, TABLES, Manifest, ResultsDirectory, remove_maps_but
from batchgraph.stages.standing import EdgeDigests

if TYPE_CHECKING:
    from batchgraph.stages.report_options import ReportOptions

_RECEIPT = "report"


@dataclass(frozen=True, slots=True)
class Reported:
    """A report of one state of a results directory.

    Parameters
    ----------
    results
        The results directory.
    manifest
        Its ``run.json``, without what the report adds to it and without what the report does not depend on.
    options
        How maps are drawn.
    edges
        The edge records' digests.
    """

    results: ResultsDirectory
    manifest: Manifest
    options: ReportOptions
    edges: EdgeDigests

    def key(self) -> str:
        """Digest what tables, maps and page depend on.

        Raises
        ------
        ResultsError
            If flows are missing or cannot be read.
        """
        flows = [result_digest(self.results.flows(name)) for name in self._names()]
        names = [result_digest(part) for name in self._names()[1:] for part in self.results.names_parts(name)]
        return key_of(manifest=self.manifest, options=asdict(self.options), edges=self.edges, flows=flows, names=names)

    def made_before(self, key: str) -> Body | None:
        """Give what was vouched for, if all was made before and is as it was, and remove maps that are none of it.

        Raises
        ------
        OutputError
            If they cannot be removed.
        """
        body = read_receipt(self.results.root, _RECEIPT, key)
        if body is not None:
            # Left by a run with other options that was killed.
            remove_maps_but(self.results.root, [Path(name) for name in body["maps"]])
        return None if body is None else body["added"]

    def vouch(self, key: str, added: Body, *, maps: Sequence[Path]) -> None:
        """Write the receipt of a report all of which was made, with what it adds to ``run.json`` and its maps.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        forget_all_but(self.results.root, "maps", set(self._names()))
        root = self.results.root
        files = [self.results.page, *map(self.results.table, TABLES), *(root / path for path in maps)]
        body = {"added": added, "maps": [path.as_posix() for path in maps]}
        write_receipt(root, _RECEIPT, key, files=files, body=body)

    def _names(self) -> list[str]:
        from batchgraph.graph.results_view import captures_with_rows

        return [COMBINED, *captures_with_rows(self.manifest)]
