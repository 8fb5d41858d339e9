"""The schemas, one for each stage that stores."""

from carecord.db.migrate import apply_sql_of

revision = "0001_schemas"
down_revision = None


def upgrade() -> None:
    apply_sql_of(__file__)
