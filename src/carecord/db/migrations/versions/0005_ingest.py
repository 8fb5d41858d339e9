"""Bulk loads: entry ids given by the table, deletions remembered."""

from carecord.db.migrate import apply_sql_of

revision = "0005_ingest"
down_revision = "0004_find_patient"


def upgrade() -> None:
    apply_sql_of(__file__)
