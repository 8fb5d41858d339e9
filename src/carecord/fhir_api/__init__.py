"""The FHIR face: all that the record holds as FHIR R4 (4.0.1), beside the bundles API and over the same data."""
