import numpy as np
import pytest

from tests.bench.many_hosts import PACKET_OCTETS, write_many_hosts


@pytest.fixture
def addresses(tmp_path):
    path = tmp_path / "many.pcap"
    write_many_hosts(path, packets=500, hosts=100)
    # The records of a classic pcap file begin after 24 octets; IPv4 addresses lie 16 + 26 octets into each.
    records = np.fromfile(path, np.uint8, offset=24).reshape(500, 16 + PACKET_OCTETS)
    return records[:, 42:50].copy().view(">u4") - 0x0A000000


def test_many_hosts__are_each_an_end_of_some_packet(addresses):
    assert set(addresses.ravel().tolist()) == set(range(100))


def test_many_hosts__follow_from_the_seed(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_many_hosts(tmp_path / name, packets=50, hosts=10, seed=seed)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()
