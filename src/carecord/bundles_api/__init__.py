"""The bundles API: simple REST answers over the record, one route for each operation of the catalogue."""
