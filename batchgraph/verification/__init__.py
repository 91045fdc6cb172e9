"""Whether a results directory is what it says: one file for each thing that is looked at."""
