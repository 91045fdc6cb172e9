"""From edge records to tables of features: one row for each window and host, one for each window and pair of hosts."""
