"""The catalogue as FHIR: entries and source records become resources, by what the declarations say."""
