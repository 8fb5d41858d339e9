"""The FHIR face: every entry as a resource with what it is found by, and what has yet to be made anew."""

from carecord.db.migrate import apply_sql_of

revision = "0010_fhir"
down_revision = "0009_patient_index"


def upgrade() -> None:
    apply_sql_of(__file__)
