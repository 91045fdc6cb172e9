from batchgraph.capture.reader import open_capture
from batchgraph.capture.walk_pcap import walk_pcap
from batchgraph.capture.walk_pcapng import walk_pcapng
from batchgraph.capture.walk_snoop import walk_snoop
from batchgraph.decode import kernel, primitives
from batchgraph.decode.address_array import write_addresses
from batchgraph.decode.warm_up import _CAPTURES, _DAMAGED, is_warm, warm_up
from batchgraph.naming import datagrams


def test_warm_up__compiles_every_kernel_that_is_called_from_outside():
    warm_up()

    kernels = (kernel.decode, primitives.pack_presence, primitives.rehash, datagrams.find, write_addresses,
               walk_pcap, walk_pcapng, walk_snoop)  # fmt: skip
    assert [len(function.signatures) for function in kernels] == [1] * len(kernels)
    assert is_warm()


def test_captures__hold_a_packet_each(tmp_path):
    for name, octets in _CAPTURES.items():
        (tmp_path / name).write_bytes(octets)
        reader = open_capture(tmp_path / name)

        assert [len(window.index) for window in reader.windows()] == [1], name
        assert (reader.accounting.status, reader.accounting.format) == ("ok", name)


def test_damaged_captures__need_salvage(tmp_path):
    for name, octets in _DAMAGED.items():
        (tmp_path / "a").write_bytes(octets)
        reader = open_capture(tmp_path / "a")
        packets = sum(len(window.index) for window in reader.windows())

        assert (packets >= 9, reader.accounting.status) == (True, "salvaged"), name
