"""The scopes that belong to no bundle. A client holds one only where it was given by name."""

METRICS_READ = "metrics.read"

SCOPES_BESIDES = {
    METRICS_READ: "Read `/metrics`: counts of the patient index and of the process, no patients."
}
"""Each with what it lets a client do."""
