"""The FHIR face: all that the record holds as FHIR R4 (4.0.1), over the same data as the bundles API."""
