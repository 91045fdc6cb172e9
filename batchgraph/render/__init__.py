"""Maps, tables and the page."""
