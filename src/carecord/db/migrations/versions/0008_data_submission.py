"""Data Submission: replies kept for a while, who submitted a version, merges."""

from carecord.db.migrate import apply_sql_of

revision = "0008_data_submission"
down_revision = "0005_ingest"


def upgrade() -> None:
    apply_sql_of(__file__)
