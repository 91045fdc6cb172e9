from pathlib import Path

import batchgraph.decode
from batchgraph.decode.generate import generate


def test_fast__is_what_the_table_generates():
    fast = Path(batchgraph.decode.__file__).with_name("fast.py")

    assert fast.read_text() == generate(), "run: python -m batchgraph.decode.generate > batchgraph/decode/fast.py"
