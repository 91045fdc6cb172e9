import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import batchgraph

HEAVY = (
    "dask", "distributed", "duckdb", "matplotlib", "networkx", "numba", "numpy", "pyarrow", "rich", "scapy", "scipy",
)  # fmt: skip


def heavy_modules_after(code):
    """Run `code` in a fresh interpreter and list the heavy modules that it loaded."""
    text = f"import sys\n{code}\nprint(*sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    command = [sys.executable, "-c", text]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stderr.split()


def command_line(*arguments):
    return f"""
from batchgraph.cli import main
sys.argv = ["batchgraph", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def test_heavy_modules__are_noticed():
    assert heavy_modules_after("import numpy") == ["numpy"]


def test_import__of_the_package_loads_nothing_heavy():
    assert heavy_modules_after("import batchgraph") == []


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("run", "--help"), ("report", "--help"), ("show", "columns"), ("show", "protocols")],
    ids=" ".join,
)
def test_command_line__loads_nothing_heavy_for(arguments):
    assert heavy_modules_after(command_line(*arguments)) == []


def test_public_names__are_what_they_are_called():
    for name in batchgraph.__all__:
        value = getattr(batchgraph, name)
        assert getattr(value, "__name__", name) in {name, "EDGE_COLUMNS"} or not callable(value)


def test_public_names__equal_no_module_of_the_package():
    modules = {module.name for module in pkgutil.iter_modules(batchgraph.__path__)}

    assert modules.isdisjoint(batchgraph.__all__)


def test_public_names__stay_the_same_once_all_modules_are_loaded():
    first = {name: getattr(batchgraph, name) for name in batchgraph.__all__}
    for module in pkgutil.walk_packages(batchgraph.__path__, "batchgraph."):
        if module.name != "batchgraph.__main__":
            importlib.import_module(module.name)

    assert {name: getattr(batchgraph, name) for name in batchgraph.__all__} == first


def test_unknown_name__is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = batchgraph.nothing


def test_dir__lists_public_names():
    assert set(batchgraph.__all__) <= set(dir(batchgraph))


def test_version__is_that_of_the_distribution():
    assert batchgraph.__version__ == importlib.import_module("importlib.metadata").version("batchgraph")


def test_run__needs_no_pandas(tmp_path):
    # pyarrow imports pandas where it is installed; a user's environment may lack it.
    code = (
        "import sys\n"
        "class NoPandas:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'pandas':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, NoPandas())\n"
        "from pathlib import Path; import batchgraph\n"
        "options = batchgraph.ReportOptions(before_after=True)\n"
        "batchgraph.run(sys.argv[1:2], Path(sys.argv[2]), report_options=options)\n"
        "assert (Path(sys.argv[2]) / 'maps' / 'combined.svg').exists()\n"
        "batchgraph.open_results(sys.argv[2]).graph()\n"
    )
    sample = Path(__file__).parents[1] / "sample_pcaps" / "portscan.pcap"  # its times are in nanoseconds

    subprocess.run([sys.executable, "-c", code, sample, tmp_path / "results"], check=True)
