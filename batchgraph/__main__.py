"""Run the command line as ``python -m batchgraph``."""

from batchgraph.cli import main

main()
