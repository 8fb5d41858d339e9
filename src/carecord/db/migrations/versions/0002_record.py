"""The tables of access, audit, patient index, clinical store and loads."""

from carecord.db.migrate import apply_sql_of

revision = "0002_record"
down_revision = "0001_schemas"


def upgrade() -> None:
    apply_sql_of(__file__)
