"""The patient index: identities to compare, blocking keys to find them by, what weights say of a decision."""

from carecord.db.migrate import apply_sql_of

revision = "0009_patient_index"
down_revision = "0008_data_submission"


def upgrade() -> None:
    apply_sql_of(__file__)
