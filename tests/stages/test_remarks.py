"""What is left out of what a capture says: in run.json, and in a line."""

import json

import pytest

from batchgraph import ExtractOptions, extract
from batchgraph.progress import NoProgress

# draft-ietf-opsawg-pcapng, sections 4.1 and 4.2: a section, and an Ethernet interface
HEAD = bytes.fromhex(
    "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c00000001000000 14000000 0100 0000 00000400 14000000"
)


def name_block(number):
    """Give a name resolution block (section 4.5) with one name of one address."""
    record = bytes.fromhex("0100 0600 0a00") + number.to_bytes(2, "big") + b"a\0\0\0"
    return bytes.fromhex("04000000 1c000000") + record + bytes(4) + bytes.fromhex("1c000000")


class Heard(NoProgress):
    def __init__(self):
        self.lines = []

    def problem(self, line):
        self.lines.append(line)


@pytest.mark.parametrize("split", [None, 4096])
def test_names__beyond_the_limit_are_said_to_be_left_out(tmp_path, split):
    (tmp_path / "a.pcapng").write_bytes(HEAD + b"".join(map(name_block, range(1025))))
    heard = Heard()

    extract([tmp_path / "a.pcapng"], tmp_path / "out", options=ExtractOptions(split=split), progress=heard)

    (entry,) = json.loads((tmp_path / "out" / "run.json").read_text())["inputs"]
    assert (len(entry["notes"]["names"]), entry["notes"]["n_name_blocks_cut"]) == (1000, 25)
    assert entry["status"] == "ok"
    assert [line.partition(";")[0] for line in heard.lines] == [
        "a.pcapng: 25 of its name resolution blocks hold more than is kept"
    ]
