"""Worklists: lists of patients to work through."""

from carecord.db.migrate import apply_sql_of

revision = "0003_worklists"
down_revision = "0002_record"


def upgrade() -> None:
    apply_sql_of(__file__)
