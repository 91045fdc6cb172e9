"""JUnit reports: read back by an XML parser, whatever the names are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from batchgraph.junit import Case, junit_text


def read_cases(text: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(text).iter("testcase"))


def test_junit_text__counts_cases_and_failures():
    text = junit_text("run", [Case("a", "captures"), Case("b", "captures", "partial: cut at octet 40")])

    suite = ElementTree.fromstring(text).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_junit_text__failure_carries_all_lines_and_its_first_as_message():
    (case,) = read_cases(junit_text("run", [Case("b", "captures", "partial\ncut at octet 40")]))

    failure = case.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("partial", "partial\ncut at octet 40")


def test_junit_text__names_with_markup_come_back_as_they_were():
    name = """a<b>&"c"'d'.pcap"""

    (case,) = read_cases(junit_text("run", [Case(name, "captures")]))

    assert case.get("name") == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1bb", "a\\x1bb"),
        ("a\x00b", "a\\x00b"),
        ("a\rb", "a\\x0db"),
        ("a\udc80b", "a\\udc80b"),
        ("a\ufffeb", "a\\ufffeb"),
    ],
)
def test_junit_text__characters_that_xml_forbids_are_escaped(name: str, shown: str):
    (case,) = read_cases(junit_text("run", [Case(name, "captures", name)]))

    assert (case.get("name"), case.findtext("failure")) == (shown, shown)


def test_junit_text__no_cases_are_a_whole_report():
    assert read_cases(junit_text("run", [])) == []
