"""No payload comes out of any sink as what it was meant to be."""

import csv
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from tests.canaries.payloads import PAYLOADS, marks_in
from tests.canaries.planting import plant

BINARY = {".parquet", ".png"}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("canaries"), PAYLOADS)


@pytest.fixture(scope="module")
def files(planted):
    """Give the texts of all files written, by path."""
    folder = planted.folder
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in BINARY)
    own = {folder / "captures", folder / "quiet"}
    return {
        path.relative_to(folder): path.read_bytes().decode("utf-8")
        for path in paths
        if not own & set(path.parents) and path != folder / "labels.csv"
    }


COMMANDS = ["annotations", "json", "junit", "run", "graph", "connections", "features", "diff", "diff-gone", "diff-json"]


def of_kind(files, suffix):
    chosen = {path: text for path, text in files.items() if path.suffix == suffix}
    assert chosen
    return chosen


def test_payloads__are_enough_and_all_different():
    assert len({payload[:-5] for payload in PAYLOADS}) == len(PAYLOADS) >= 200


@pytest.mark.parametrize("command", COMMANDS)
def test_terminal__prints_lines_that_neither_steer_it_nor_a_ci_system(planted, command):
    for line in "\n".join(planted.printed[command]).split("\n"):
        assert line.isprintable(), line
        assert not re.search(r"##(\[|vso\[|teamcity\[)", line, re.IGNORECASE), line
        assert command == "annotations" or not line.lstrip().startswith("::"), line


def test_annotations__are_commands_of_ours_alone(planted):
    lines = [line for line in planted.printed["annotations"][0].split("\n") if line]

    assert len(lines) >= 200
    assert all(re.fullmatch(r"::error file=[^,:\n]+::(partial|salvaged)%0Aat octet .*", line) for line in lines)


@pytest.mark.parametrize("command", ["annotations", "json", "junit", "diff-json"])
def test_terminal__tells_of_every_payload(planted, command):
    assert len(marks_in("".join(planted.printed[command]))) >= 200


@pytest.mark.parametrize("command", ["json", "diff-json"])
def test_json__on_standard_output_is_json(planted, command):
    assert isinstance(json.loads(planted.printed[command][0]), dict)


def test_files__are_utf_8_and_have_no_character_that_steers(files):
    for path, text in files.items():
        odd = {char for char in text if not char.isprintable() and char != "\n"}
        assert not odd, (path, odd)


def test_files__hold_no_payload_with_markup_as_it_was(files):
    payloads = [payload for payload in PAYLOADS if re.search("[<&]", payload)]

    for suffix in (".html", ".svg", ".graphml", ".gexf", ".xml", ".md"):
        for path, text in of_kind(files, suffix).items():
            assert not [payload for payload in payloads if payload in text], path


def test_json_files__are_strict_and_tell_of_every_payload(files):
    for text in of_kind(files, ".json").values():
        assert text.isascii()
        json.loads(text)

    assert len(marks_in(files[next(path for path in files if path.match("out/run.json"))])) == len(PAYLOADS)


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".svg", ".xml"])
def test_xml_files__are_well_formed(files, suffix):
    for text in of_kind(files, suffix).values():
        ElementTree.fromstring(text)


@pytest.mark.parametrize("name", ["junit.xml", "diff.xml"])
def test_junit__tells_of_every_payload_by_cases(files, name):
    (text,) = (text for path, text in files.items() if path.name == name)
    root = ElementTree.fromstring(text)

    assert {element.tag for element in root.iter()} == {"testsuites", "testsuite", "testcase", "failure"}
    assert len(marks_in(" ".join(case.attrib["name"] for case in root.iter("testcase")))) >= 200


def test_svg__has_the_elements_of_a_harmless_map_alone(files):
    maps = of_kind(files, ".svg")
    allowed = {"svg", "metadata", "RDF", "Work", "type", "date", "format", "creator", "Agent", "title", "defs", "style"}
    allowed |= {"g", "path", "use", "clipPath", "rect", "text", "tspan", "linearGradient", "stop", "image", "desc"}
    for text in maps.values():
        assert {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(text).iter()} <= allowed


def test_csv__has_no_cell_that_a_spreadsheet_would_calculate(files):
    for path, text in of_kind(files, ".csv").items():
        rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
        assert len({len(row) for row in rows}) == 1, path
        for cell in (cell for row in rows for cell in row):
            assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"} or re.fullmatch(
                r"-?\d+(\.\d+)?(e-?\d+)?", cell
            )


@pytest.mark.parametrize("name", ["captures.csv", "hosts.csv"])
def test_csv__tells_of_every_payload(files, name):
    paths = {"captures.csv": "out/tables/captures.csv", "hosts.csv": "out/features/hosts.csv"}
    (text,) = (text for path, text in files.items() if path.match(paths[name]))

    assert len(marks_in(text)) >= 200


class Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in {"href", "src"} or re.match(r"#|data:(,$|image/)|[A-Za-z0-9._/-]+$", value or "#"), (
                tag,
                value,
            )

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_data(self, data):
        self.texts.append(data)


def test_page__has_no_element_but_its_own(files):
    page, model = (Page(text) for path, text in sorted(files.items()) if path.name == "report.html")

    assert page.tags.count("script") == model.tags.count("script")
    assert page.tags.count("style") == model.tags.count("style")
    assert not set(page.tags) & {"iframe", "object", "base", "math", "template", "form"}


def test_page__tells_of_every_payload(files):
    (text,) = (text for path, text in files.items() if path.match("out/report.html"))

    assert len(marks_in("".join(Page(text).texts))) >= 200


def test_markdown__is_one_table_row_for_each_payload(files):
    (text,) = of_kind(files, ".md").values()
    rows = [line for line in text.split("\n") if line.startswith("|") and marks_in(line)]

    assert len(marks_in(text)) >= 200
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 4 for row in rows)
    assert not re.search(r"[<>`\[\]@$~*]|(?<!&)#\d|://|www\.", "".join(rows))


def test_inputs__have_no_new_neighbour(planted):
    suffixes = {path.suffix for path in (planted.folder / "captures").rglob("*") if path.is_file()}

    assert suffixes == {".pcapng"}


def test_results__lie_in_their_folder(planted):
    expected = {"captures", "quiet", "out", "quiet-out", "views", "labels.csv", "junit.xml", "diff.md", "diff.xml"}

    assert {path.name for path in planted.folder.iterdir()} == expected
