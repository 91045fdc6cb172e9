"""The program: ``batchgraph``, or ``python -m batchgraph``."""

from __future__ import annotations

from batchgraph.signals import end_when_told


def main() -> None:
    """Run the command line; signals are heeded before it is loaded, as that takes a while."""
    end_when_told()
    from batchgraph.cli import main as run_command_line

    run_command_line()


if __name__ == "__main__":
    main()
