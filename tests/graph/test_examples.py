import contextlib
import inspect
import io
import textwrap

import pytest

from batchgraph.graph.results_view import Results, open_results
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results

ANSWER = {**UDP, "src": UDP["dst"], "dst": UDP["src"], "sport": UDP["dport"], "dport": UDP["sport"]}


def example(function):
    """Give the code of a docstring's examples: what is indented after ``::``."""
    section = inspect.getdoc(function).partition("Examples\n")[2]
    return textwrap.dedent(
        "\n".join(line for line in section.split("::", 1)[1].splitlines() if line[:4] in ("", "    "))
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A run in ``results`` of the working directory, as the examples take it."""
    write_results(tmp_path / "results", {"a": [{**UDP, "time": 0}, {**ANSWER, "time": 61 * 10**9}]})
    merge(tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(function):
    names = {"results": open_results("results")}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(example(function), function.__qualname__, "exec"), names)
    return names, printed.getvalue()


def test_example__of_open_results_finds_the_busiest_hosts(folder):
    names, _ = run(open_results)

    assert sorted(names["busiest"]) == [UDP["src"], UDP["dst"]]


def test_example__of_graph_prints_services(folder):
    assert run(Results.graph)[1] == "10.0.0.1 10.0.0.2 UDP 53 1\n"


def test_example__of_graphs_prints_windows(folder):
    assert run(Results.graphs)[1] == "1970-01-01T00:00:00+00:00 2\n1970-01-01T00:01:00+00:00 2\n"
