"""From octets to columns: the compiled kernel and its reference."""
