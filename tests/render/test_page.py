import json
import re

import pytest

from batchgraph.render import page, page_captures, page_tables
from batchgraph.render.page import command_line
from batchgraph.render.page_safety import source_hash
from tests.graph.edge_records import UDP
from tests.render.page_results import SECOND, Parsed, page_of, write_page_of, write_page_results

HOSTILE = "<script>window.ran=1</script><img src=x onerror=window.ran=1>\"'`{{7*7}}${x}\u202e\x1b]0;\udcff"

DAMAGE = {"offset": 1234567, "what": "a record claims too much", "kept": "12 packets", "lost": "9 octets"}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return write_page_results(
        tmp_path_factory.mktemp("results"), entries={"b": {"status": "partial", "problems": [DAMAGE]}}
    )


@pytest.fixture(scope="module")
def text(results):
    return page_of(results)


@pytest.fixture(scope="module")
def parsed(text):
    return Parsed(text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    entry = {
        "path": HOSTILE.replace("\udcff", ""),  # extract escapes what is no UTF-8
        "status": "partial",
        "format": HOSTILE.replace("\udcff", ""),
        "stopped_in": {HOSTILE: 1},
        "problems": [{"offset": 1, "what": HOSTILE, "kept": HOSTILE, "lost": HOSTILE}],
        "notes": {"comments": [HOSTILE], "n_comments": 1, "names": {"10.0.0.1": [HOSTILE]}},
    }
    return Parsed(page_of(write_page_results(tmp_path_factory.mktemp("hostile"), entries={"a": entry})))


def policy(parsed):
    return next(meta["content"] for meta in parsed.attributes("meta") if meta.get("http-equiv"))


def data(parsed):
    return json.loads(parsed.texts("script")[0])


def test_page__gives_the_same_bytes_again(results, text):
    assert page_of(results) == text


def test_page__is_written_to_the_octet(results, text):
    write_page_of(results)

    assert results.page.read_bytes() == text.encode("utf-8")


def test_page__policy_allows_nothing_but_its_own_style_and_script(parsed):
    style, script = parsed.texts("style")[0], parsed.texts("script")[1]

    assert policy(parsed) == (
        f"default-src 'none'; img-src data:; style-src {source_hash(style)}; script-src {source_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )


def test_page__policy_comes_before_all_that_it_governs(parsed):
    names = [name for name, _ in parsed.elements]
    place = next(i for i, (_, attributes) in enumerate(parsed.elements) if attributes.get("http-equiv"))

    assert names[:place] == ["html", "head", "meta"]


def test_page__sends_no_referrer(parsed):
    assert {"name": "referrer", "content": "no-referrer"} in parsed.attributes("meta")


def test_page__names_no_address_outside_itself(parsed):
    own = ("#", "data:", "tables/", "graphs/", "maps/", "run.json")
    links = [value for _, attributes in parsed.elements for key, value in attributes.items() if key in ("src", "href")]

    assert [link for link in links if not link.startswith(own)] == []


def test_page__links_to_files_that_are_there(results, parsed):
    links = {a["href"] for a in parsed.attributes("a") if not a["href"].startswith("#")}

    assert [link for link in links if not (results.root / link).exists()] == []


def test_page__has_no_handlers_and_no_style_attributes(parsed):
    names = {key for _, attributes in parsed.elements for key in attributes}

    assert [name for name in names if name.startswith("on") or name == "style"] == []


def test_page__ids_are_unique(parsed):
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]

    assert len(ids) == len(set(ids))


def test_page__inner_links_have_targets(parsed):
    ids = {attributes.get("id") for _, attributes in parsed.elements}

    assert [a["href"] for a in parsed.attributes("a") if a["href"][0] == "#" and a["href"][1:] not in ids] == []


def test_page__begins_with_a_link_past_the_navigation(parsed):
    assert parsed.attributes("a")[0]["href"] == "#main"


def test_page__every_picture_has_a_text(parsed):
    assert all(picture.get("alt") for picture in parsed.attributes("img"))


def test_page__every_header_cell_says_what_it_heads(parsed):
    assert {header.get("scope") for header in parsed.attributes("th")} == {"col"}


def test_page__every_field_has_a_label(parsed):
    labelled = {label.get("for") for label in parsed.attributes("label")}
    fields = [field for tag in ("select", "input") for field in parsed.attributes(tag) if field.get("type") != "radio"]

    assert [field["id"] for field in fields if field["id"] not in labelled | {"from", "to"}] == []


def test_page__says_what_is_damaged_before_anything_else(text):
    assert text.index("2 of 3 captures not whole or not read") < text.index('id="glance"')


def test_page__says_where_a_capture_is_damaged(parsed):
    assert "1,234,567" in parsed.texts("td")


def test_page__counts_all_packets(parsed):
    assert "4" in parsed.texts("dd")


def test_page__data_adds_up_to_the_packets_of_the_flows(parsed):
    assert sum(row[4] for row in data(parsed)["rows"]) == 4


def test_page__hostile_texts_make_no_elements(hostile, parsed):
    assert len(hostile.attributes("script")) == 2
    assert len(hostile.attributes("img")) == len(parsed.attributes("img"))


def test_page__hostile_texts_are_shown_escaped(hostile):
    shown = "<script>window.ran=1</script><img src=x onerror=window.ran=1>\"'`{{7*7}}${x}\\u202e\\x1b]0;\\xff"

    assert shown in hostile.texts("li")


def test_page__says_that_all_captures_are_whole(tmp_path):
    assert "the capture is whole" in page_of(write_page_results(tmp_path, {"a": [UDP]}))


def test_page__does_not_say_that_all_captures_are_whole_where_one_is_not(text):
    assert "captures are whole" not in text


def test_page__says_when_nearly_all_packets_were_captured(tmp_path):
    rows = [{**UDP, "time": 10**18 + n * SECOND} for n in range(200)]
    text = page_of(write_page_results(tmp_path, {"a": [*rows, {**UDP, "time": 0}]}))

    assert "; all but 1 packet: 2001-09-09 01:46:40 – 01:49:59 UTC (3 min 19 s)" in text
    assert "1 packet stands far outside of this time" in text


def test_page__without_packets_says_so(tmp_path):
    page_without = page_of(write_page_results(tmp_path, {"none": []}))

    assert "No packets between hosts." in page_without
    assert "No packet has a time stamp." in page_without


def test_page__without_inputs_is_whole(tmp_path):
    assert page_of(write_page_results(tmp_path, {})).rstrip().endswith("</html>")


def test_page__names_failed_maps(results):
    failed = [{"capture": "a", "what": "no <room>"}]

    assert "a: no &lt;room&gt;" in page_of(results, failed_maps=failed)


def test_page__lists_no_more_captures_than_its_limit(results, monkeypatch):
    monkeypatch.setattr(page, "MAX_SECTIONS", 2)
    limited = page_of(results)

    assert [d["id"] for d in Parsed(limited).attributes("details") if "id" in d] == ["c1", "c2"]
    assert "The first 2 of 3 captures" in limited


def test_page__lists_no_more_rows_than_its_limit(results):
    tables = page_tables.load_tables(results, {}, most=2)

    assert [(len(table.rows), table.note) for table in tables if table.name == "hosts"] == [(2, "the first 2 rows")]


def test_page__puts_captures_that_are_not_whole_first(results):
    views = page_captures.load_captures(results, results.read_manifest(), {})

    assert [view.status for view in views] == ["partial", "empty", "ok"]


def test_page__command_names_every_option_that_was_set():
    options = {
        "extract": {"decoder": "table", "max_expanded": None},
        "merge": {"trust": ["sound", "repaired"]},
        "report": {"formats": ["svg"], "before_after": True, "top": 9},
    }

    assert command_line({"options": options}).split(" --") == [
        "batchgraph run CAPTURES",
        "out RESULTS",
        "decoder table",
        "trust sound,repaired",
        "format svg",
        "before-after",
        "top 9",
    ]


def test_page__with_hosts_beyond_the_limit_says_how_many_are_one(tmp_path):
    many = [{**UDP, "src": f"10.1.{n // 250}.{n % 250}", "time": n * SECOND} for n in range(510)]
    parsed = Parsed(page_of(write_page_results(tmp_path, {"a": many})))

    assert data(parsed)["folded"] == 11
    assert sum(row[4] for row in data(parsed)["rows"]) == 510


def test_page__script_and_style_cannot_end_their_elements(text):
    assert len(re.findall(r"</script", text)) == 2
    assert len(re.findall(r"</style", text)) == 1


def test_page__does_not_name_the_results_folder(results, text):
    assert str(results.root) not in text
