"""Tokens are the same number whether Python or PostgreSQL makes them."""

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecord.fhir_api.indexing import token

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(texts, min_size=1, max_size=20))
def test_sql_makes_the_same_tokens(connection: psycopg.Connection, found: list[str]) -> None:
    rows = connection.execute("SELECT fhir_api.token(unnest(%s::text[]))", [found]).fetchall()
    assert [row[0] for row in rows] == [token(one) for one in found]
