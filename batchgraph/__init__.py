"""Turn packet captures into communication graphs."""
