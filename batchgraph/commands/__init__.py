"""The commands of the command line: each is a signature, a docstring and one call. Only here is anything printed."""
