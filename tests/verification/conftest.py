import shutil

import pytest

from tests.verification.finished_runs import make_run


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Captures and results that no test may change."""
    return make_run(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def captures(finished):
    return finished[0]


@pytest.fixture
def out(finished, tmp_path):
    """A copy of finished results."""
    return shutil.copytree(finished[1], tmp_path / "results")
