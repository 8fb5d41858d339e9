"""What the FHIR face costs: writes in transactions, reads and searches, and the room that resources take."""
