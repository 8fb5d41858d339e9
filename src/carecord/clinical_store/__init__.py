"""The entries: one clinical fact each, keyed by patient detail ID, every version kept."""
