"""A database of a million entries to measure on: every person has three linked records, every page 25 rows.

The rows are made by SQL in the database itself; they are as large as the loader's, and lie as it would lay
them: source by source, the entries of one record together, those of one person far apart.
"""

import psycopg

PEOPLE = 20_000
SOURCES = (1, 2, 3)
REPEATS_PER_RECORD = 9
ENDED_PER_RECORD = 2
OTHERS_PER_RECORD = 6
RECORDS = PEOPLE * len(SOURCES)

_TENANCIES = """
INSERT INTO patient_index.tenancy (tenancy_id, description, system_kind)
SELECT id, 'Made-up surgery ' || id || ' (GP record)', 'GP' FROM unnest(%(sources)s::integer[]) AS id
"""

_RECORDS = """
INSERT INTO patient_index.patient_record
    (patient_detail_id, tenancy_id, source_key, person_id, surname_key, forename_key, active, demographics)
SELECT (s.place - 1) * %(people)s + n, s.tenancy_id, 'P-' || n, n, 'MADEUP', 'PERSON', true,
    '{"Surname":"MADEUP","Forename":"PERSON"}'
FROM unnest(%(sources)s::integer[]) WITH ORDINALITY AS s (tenancy_id, place),
    generate_series(1, %(people)s) AS n
"""

_ENTRIES = """
INSERT INTO clinical_store.entry (patient_detail_id, collection, entry_id, source_key, occurred_at, item)
SELECT record, collection, nextval('clinical_store.entry_id'), 'made-' || n, at, CASE
    WHEN n <= %(repeats)s + %(ended)s THEN json_build_object(
        'Date', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS'), 'ReadCode', 'bu23.',
        'Rubric', 'ASPIRIN disp tabs 75mg', 'Quantity', '84', 'Dosage', 'ONE EACH DAY',
        'LastIssuedDate', '2024-03-01T00:00:00', 'Units', 'TAB',
        'EndDate', CASE WHEN n > %(repeats)s THEN '2024-01-01T00:00:00' END)
    ELSE json_build_object('Date', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS'), 'ReadCode', '246..',
        'Rubric', 'O/E - blood pressure reading', 'Value', '120/80', 'Units', 'mmHg') END
FROM (
    SELECT record, n, CASE WHEN n <= %(repeats)s + %(ended)s THEN 'gp_medication_course'
        ELSE 'gp_observation' END AS collection,
        timestamp '2015-01-01' + make_interval(days => (record * 7 + n * 131)::integer %% 3000) AS at
    FROM generate_series(1, %(records)s::bigint) AS record,
        generate_series(1, %(repeats)s + %(ended)s + %(others)s) AS n
    ORDER BY record, n
) AS made
"""


def fill(connection: psycopg.Connection) -> None:
    """Make the rows, unless they are there."""
    if connection.execute("SELECT 1 FROM patient_index.patient_record LIMIT 1").fetchone():
        return
    parameters = {
        "people": PEOPLE,
        "sources": list(SOURCES),
        "records": RECORDS,
        "repeats": REPEATS_PER_RECORD,
        "ended": ENDED_PER_RECORD,
        "others": OTHERS_PER_RECORD,
    }
    with connection.transaction():
        for statement in (_TENANCIES, _RECORDS, _ENTRIES):
            connection.execute(statement, parameters)
    connection.execute("VACUUM (FREEZE, ANALYZE) patient_index.patient_record, clinical_store.entry")
