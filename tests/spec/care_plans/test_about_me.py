"""What the person wants known: the newest entry of any source is answered, older ones stay stored."""

import psycopg

from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


def test_the_entry_changed_last_is_answered_whichever_source_holds_it(
    sandpit: Sandpit, connection: psycopg.Connection
) -> None:
    for tenancy_id, words, changed in ((10, "older", "2024-01-01"), (3, "newest", "2024-03-01")):
        sandpit.load(
            tenancy_line(tenancy_id),
            patient_line("P-1", **SAME),
            sample_line(
                "P-1",
                "about-me",
                AboutMeId=words,
                WhatMattersToMe=words,
                LastUpdatedDate=f"{changed}T09:00:00",
            ),
        )

    answers = [
        sandpit.get(f"/care-plans/patients/{sandpit.detail_id(tenancy_id, 'P-1')}/about-me").json()
        for tenancy_id in (10, 3)
    ]

    assert answers[0] == answers[1]
    assert (answers[0]["WhatMattersToMe"], answers[0]["TenancyDescription"]) == ("newest", "Source 3")
    stored = connection.execute("SELECT count(*) FROM clinical_store.entry WHERE collection = 'about_me'")
    assert stored.fetchone() == (2,)
