"""Print the lowest version of everything that pyproject.toml requires, one pin a line.

pip always takes the newest versions; with these pins the tests run on the oldest ones that are said to do.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8"))

for requirement in [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["test"]]:
    name, lowest = re.match(r"([\w.-]+)>=([\w.]+)", requirement).groups()
    sys.stdout.write(f"{name}=={lowest}\n")
