"""The schema's history: one revision a change, in plain SQL, forward only."""
