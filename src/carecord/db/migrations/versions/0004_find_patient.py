"""Names are found, ordered and counted from one index."""

from carecord.db.migrate import apply_sql_of

revision = "0004_find_patient"
down_revision = "0003_worklists"


def upgrade() -> None:
    apply_sql_of(__file__)
