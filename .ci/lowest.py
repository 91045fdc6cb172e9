"""Print the lowest version of everything that pyproject.toml requires, one pin a line.

pip always takes the newest versions; with these pins the tests run on the oldest ones that are said to do.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8"))

GROUPS = PROJECT["dependency-groups"]


def requirements(group: list[str | dict[str, str]]) -> Iterator[str]:
    """Give a group's requirements, those of the groups that it includes among them."""
    for entry in group:
        if isinstance(entry, str):
            yield entry
        else:
            yield from requirements(GROUPS[entry["include-group"]])


for requirement in [*PROJECT["project"]["dependencies"], *requirements(GROUPS["test"])]:
    name, lowest = re.match(r"([\w.-]+)>=([\w.]+)", requirement).groups()
    sys.stdout.write(f"{name}=={lowest}\n")
