from batchgraph.render.summary import WIDTH, summary_text
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results
from tests.render.page_results import write_all_tables

LONG = {**UDP, "src": "2001:db8:1111:2222:3333:4444:5555:6666", "dst": "2001:db8:1111:2222:3333:4444:5555:7777"}


def summary(folder, captures, **changes):
    results = write_results(folder, captures)
    manifest = merge(folder)
    manifest["inputs"][-1].update(changes)
    results.write_manifest(manifest)
    write_all_tables(results, manifest)
    return summary_text(folder)


def test_summary__has_the_totals(tmp_path):
    text = summary(tmp_path, {"a": [UDP], "b": [UDP, UDP]})

    assert text.splitlines()[0] == "2 captures · 3 packets · 180 B · 2 hosts · 1 flow"


def test_summary__has_the_largest_conversation(tmp_path):
    assert "10.0.0.1 <-> 10.0.0.2" in summary(tmp_path, {"a": [UDP]})


def test_summary__adds_up_the_packets_of_a_protocol(tmp_path):
    unread = [{"status": "unsupported", "stopped_in": layer} for layer in ("ethernet", "llc")]

    assert "packets by protocol: (none) 2 · UDP 1" in summary(tmp_path, {"a": [*unread, UDP]})


def test_summary__names_captures_that_are_not_whole(tmp_path):
    problem = {"offset": 24, "what": "cut off", "kept": "", "lost": ""}

    text = summary(tmp_path, {"a": [UDP], "b": [UDP]}, status="partial", path="b.pcap", problems=[problem])

    assert "  - b.pcap: partial: cut off" in text.splitlines()


def test_summary__fits_the_terminal_whatever_the_names(tmp_path):
    text = summary(tmp_path, {"a": [LONG]}, status="partial", path="x" * 300 + "\x1b[2J")

    assert all(len(line) <= WIDTH and line.isprintable() for line in text.splitlines())


def test_summary__of_no_packets_has_one_line_of_totals(tmp_path):
    assert summary(tmp_path, {"none": []}).startswith("1 capture · 0 packets")
