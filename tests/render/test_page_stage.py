import pytest

from batchgraph.errors import OutputError
from batchgraph.render import page
from batchgraph.stages.report import report
from batchgraph.stages.report_options import ReportOptions
from tests.render.page_results import write_page_results

SVG = ReportOptions(formats=("svg",))


@pytest.fixture
def results(tmp_path):
    return write_page_results(tmp_path)


def test_report__writes_the_page(results):
    report(results.root, options=SVG)

    assert "maps/a.svg" in results.page.read_text()


def test_report__writes_the_same_page_with_workers(results):
    report(results.root, options=SVG)
    first = results.page.read_bytes()
    report(results.root, options=SVG, workers=2)

    assert results.page.read_bytes() == first


def test_report__is_not_complete_without_its_page(results, monkeypatch):
    def fail(*_, **__):
        raise OutputError("no room")

    monkeypatch.setattr(page, "write_page", fail)
    with pytest.raises(OutputError):
        report(results.root, options=SVG)

    assert "report" not in results.read_manifest()["options"]


def test_report__with_its_own_layout_for_each_map_has_a_page(results):
    report(results.root, options=ReportOptions(formats=("png",), layout="spring"))

    assert "maps/combined.png" in results.page.read_text()
