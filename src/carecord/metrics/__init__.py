"""What a monitoring system is told: counts of the patient index, and how this process does."""
