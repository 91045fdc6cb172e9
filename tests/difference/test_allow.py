import pytest

from batchgraph.difference.allow import read_allowed
from batchgraph.difference.finding import Finding
from batchgraph.errors import UsageError


def allowed(tmp_path, text):
    path = tmp_path / "allow.toml"
    path.write_text(text, encoding="utf-8")
    return read_allowed(path)


def finding(kind, host="", peer="", type_="", port=0):
    return Finding(kind, "new", host, peer, type_, port, (0, 0), (1, 60))


SERVICE = finding("service", "10.0.0.1", type_="TCP", port=443)
PAIR = finding("pair", "10.0.0.1", "10.0.0.2", "TCP")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('addresses = ["10.0.0.1"]', finding("host", "10.0.0.1")),
        ('addresses = ["10.0.0.2"]', PAIR),
        ('addresses = ["2001:DB8::0:1"]', finding("host", "2001:db8::1")),
        ('networks = ["10.0.0.0/8"]', SERVICE),
        ('services = ["TCP/443"]', SERVICE),
        ('services = ["10.0.0.1 TCP/443"]', SERVICE),
        ('pairs = ["10.0.0.1 > * TCP"]', PAIR),
        ('pairs = ["10.0.0.1 > 10.0.0.2"]', PAIR),
        ('protocols = ["SCTP"]', finding("protocol", type_="SCTP")),
    ],
)
def test_allowed__covers(tmp_path, text, found):
    assert allowed(tmp_path, text).finding(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('addresses = ["10.0.0.1"]', finding("host", "10.0.0.10")),
        ('networks = ["10.0.0.0/8"]', finding("host", "11.0.0.1")),
        ('services = ["10.0.0.2 TCP/443"]', SERVICE),
        ('pairs = ["10.0.0.2 > 10.0.0.1"]', PAIR),
        ('protocols = ["TCP"]', PAIR),
    ],
)
def test_allowed__does_not_cover(tmp_path, text, found):
    assert not allowed(tmp_path, text).finding(found)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('\nadresses = ["10.0.0.1"]', "line 2, key adresses"),
        ('# c\naddresses = [\n "10.0.0.1",\n "10.0.0.256",\n]', "line 4, key addresses"),
        ('networks = ["10.0.0.1/8"]', "line 1, key networks"),
        ('\n\nservices = ["TCP/70000"]', "line 3, key services"),
        ('pairs = ["10.0.0.1-10.0.0.2"]', "line 1, key pairs"),
        ("addresses = 5", "line 1, key addresses"),
        ("addresses = [", "line 1"),
    ],
)
def test_allowed__an_error_names_line_and_key(tmp_path, text, place):
    with pytest.raises(UsageError, match=place):
        allowed(tmp_path, text)
