"""What octets mean: one record per protocol, one file per layer."""
