import csv
import importlib.util
from pathlib import Path

import pytest

PIPELINE = Path(__file__).parents[2] / "pipelines" / "host-anomalies"


def expected(name):
    with (PIPELINE / "expected" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_flagged__are_the_hosts_that_have_a_label():
    with (PIPELINE / "labels.csv").open(newline="") as file:
        labelled = {(row["capture"], row["host"]) for row in csv.DictReader(file)}

    assert {(row["capture"], row["host"]) for row in expected("ranking") if row["flagged"] == "True"} == labelled


def test_ranking__puts_the_scanner_first_and_the_beacon_second():
    assert [row["label"] for row in expected("ranking")][:2] == ["scanner", "beacon"]


def test_pipeline__makes_the_expected_tables(tmp_path):
    if not all(importlib.util.find_spec(name) for name in ("pandas", "sklearn")):
        pytest.skip("the extra ml is not installed")
    from tests.pipelines.making import make_pipeline

    process = make_pipeline(PIPELINE, tmp_path)

    assert process.returncode == 0, process.stdout + process.stderr
