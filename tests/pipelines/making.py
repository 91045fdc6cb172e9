"""Making a pipeline in a copy, beside the samples, with the batchgraph under test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]


def make_pipeline(pipeline: Path, top: Path) -> subprocess.CompletedProcess[str]:
    """Copy a pipeline below `top` and make it there."""
    folder = top / "pipelines" / pipeline.name
    shutil.copytree(pipeline, folder, ignore=shutil.ignore_patterns("results"))
    (top / "sample_pcaps").symlink_to(TOP / "sample_pcaps")
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    command = ["make", f"BATCHGRAPH={Path(sys.executable).parent / 'batchgraph'}", f"INTERPRETER={sys.executable}"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
