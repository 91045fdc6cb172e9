"""What differs between two runs: hosts, services, pairs and protocols that are new, gone or changed in volume."""
