"""Communication policies: which traffic may be, must be and must not be, as rules over edge records."""
