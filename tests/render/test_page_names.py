import json

import pytest

from batchgraph.render.page_names import load_names, name_origins
from tests.graph.edge_records import UDP
from tests.render.page_results import Parsed, page_of, write_page_results

HEADER = "capture,address,name,source,frame,packets\n"


@pytest.fixture
def results(tmp_path):
    made = write_page_results(tmp_path, {"a": [UDP], "b": [UDP]})
    rows = (
        "combined,10.0.0.1,host.local,mdns,,3\ncombined,10.0.0.1,www.example,dns,,2\ncombined,10.0.0.2,noted,capture,,\n"
        "a,10.0.0.1,www.example,dns,7,2\nb,10.0.0.1,host.local,mdns,12345,3\nb,10.0.0.2,noted,capture,,\n"
    )
    made.table("names").write_text(HEADER + rows)
    return made


def test_name_origins__tell_the_packet_of_the_name_that_is_shown(results):
    assert name_origins(results, ["10.0.0.1", "10.0.0.9"], {"b": "b.pcap"}) == {
        "10.0.0.1": "by mDNS, packet 12,345 of b.pcap"
    }


def test_name_origins__of_a_captures_notes_name_no_packet(results):
    assert name_origins(results, ["10.0.0.2"], {}) == {"10.0.0.2": "by the capture's notes of b"}


def test_names_table__has_the_packets_of_every_capture(results):
    table = load_names(results, {"a": "a.pcap", "b": "b.pcap"})

    assert [[cell.text for cell in row] for row in table.rows] == [
        ["10.0.0.1", "www.example", "DNS", "7", "2", "a.pcap"],
        ["10.0.0.1", "host.local", "mDNS", "12,345", "3", "b.pcap"],
        ["10.0.0.2", "noted", "the capture's notes", "", "", "b.pcap"],
    ]


def test_names_table__is_no_longer_than_its_limit(results):
    table = load_names(results, {}, most=2)

    assert (len(table.rows), table.note) == (2, "the first 2 rows")


def test_page__data_has_where_the_names_come_from(tmp_path):
    noted = {"a": {"notes": {"names": {"10.0.0.1": ["desk"]}}}}
    page = page_of(write_page_results(tmp_path, {"a": [UDP]}, entries=noted))

    hosts = json.loads(Parsed(page).texts("script")[0])["hosts"]
    assert [(name, origin) for *_, name, origin in hosts] == [("desk", "by the capture's notes of a"), ("", "")]
