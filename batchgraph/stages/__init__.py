"""The stages of a run: extract, merge, report."""
