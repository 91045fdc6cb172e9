import pytest

from batchgraph.errors import UsageError
from batchgraph.graph.selection import Selection, link_layer_scope, network_of, parse_kind


@pytest.mark.parametrize(
    ("text", "said"),
    [("flow", "flow"), ("mac", "mac"), ("subnet", "subnet:24,64"), ("subnet:16", "subnet:16,64"),
     ("subnet:8,48", "subnet:8,48")],
)  # fmt: skip
def test_kind__is_read(text, said):
    assert str(parse_kind(text)) == said


@pytest.mark.parametrize("text", ["", "host", "flow:1", "subnet:33", "subnet:24,129", "subnet:a", "subnet:1,2,3"])
def test_kind__that_is_none_is_refused(text):
    with pytest.raises(UsageError):
        parse_kind(text)


@pytest.mark.parametrize(
    ("address", "network"),
    [("10.1.2.3", "10.1.2.0/24"), ("2001:db8::1", "2001:db8::/64"), ("no address", "no address")],
)
def test_network__of_an_address(address, network):
    assert network_of((24, 64))(address) == network


def test_network__of_no_bits_is_everything():
    assert network_of((0, 0))("10.1.2.3") == "0.0.0.0/0"


@pytest.mark.parametrize(
    ("address", "scope"),
    # IEEE 802-2014, 8.2: the lowest bit of the first octet says group, the next one local.
    [("ff:ff:ff:ff:ff:ff", "broadcast"), ("01:80:c2:00:00:00", "multicast"), ("02:00:00:00:00:01", "local"),
     ("00:1b:21:00:00:01", "global"), ("10.0.0.1", None)],
)  # fmt: skip
def test_link_layer_scope__follows_the_first_octet(address, scope):
    assert link_layer_scope(address) == scope


@pytest.mark.parametrize(
    "wrong", [{"hosts": ("pc1",)}, {"hosts": ("10.0.0.0/33",)}, {"time": "now"}, {"where": "os.system"}]
)
def test_selection__that_cannot_be_read_is_refused(wrong):
    with pytest.raises(UsageError):
        Selection(**wrong)
