"""The one store: an embedded PostgreSQL or a server by URL, connections to it, and its schema."""
