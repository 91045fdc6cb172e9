"""From edge records to flows, GraphML and networkx."""
