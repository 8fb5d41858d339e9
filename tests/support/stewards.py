"""The index of a sandpit as stewards work on it: records by short names, what waits, and what is said."""

from typing import Any

import psycopg

from carecord.patient_index import links, reviewing
from carecord.patient_index.links import Word
from carecord.patient_index.reviewing import Answer, ReviewTask, Signed
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}
AISHA = {"NhsNumber": "9991002006", "DateOfBirth": "1975-02-03", "Surname": "Archer", "Forename": "Aisha"}
MARIA = {
    "NhsNumberVerificationStatus": "01",
    "DateOfBirth": "1990-03-04",
    "Surname": "Testperson",
    "Forename": "Maria",
    "PostCode": "XX1 1AA",
    "AddressLine1": "1 Made Up Road",
    "Gender": "2",
}
ONE_NUMBER, ANOTHER_NUMBER = MARIA | {"NhsNumber": "9990123454"}, MARIA | {"NhsNumber": "9991002006"}
JONES = Signed(decided_by="jones", reason="asked the surgery")


class Index:
    """The index of a sandpit, by source keys: each names a record of the source of its last digit."""

    def __init__(self, sandpit: Sandpit, connection: psycopg.Connection[Any]) -> None:
        self.sandpit = sandpit
        self.connection = connection

    def load(self, **patients: dict[str, Any]) -> None:
        for key, demographics in patients.items():
            loaded = self.sandpit.load(tenancy_line(int(key[-1])), patient_line(key, **demographics))
            assert loaded.rejected == 0

    def id(self, key: str) -> int:
        return self.sandpit.detail_id(int(key[-1]), key)

    def ids(self, *keys: str) -> tuple[int, ...]:
        return tuple(sorted(self.id(key) for key in keys))

    def persons(self) -> set[str]:
        rows = self.connection.execute(
            "SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM patient_index.patient_record"
            " GROUP BY person_id"
        ).fetchall()
        return {row[0] for row in rows}

    def tasks(self, **options: Any) -> list[ReviewTask]:
        return reviewing.waiting(self.connection, **options)

    def answer(self, on: str | tuple[str, str], answer: Answer, signed: Signed = JONES) -> Word:
        with self.connection.transaction():
            if isinstance(on, str):
                return reviewing.answer_task(self.connection, on, answer, signed)
            a, b = on
            return reviewing.answer_pair(self.connection, self.id(a), self.id(b), answer, signed)

    def unlink(self, *keys: str, by: str = "jones", sealed: bool = False) -> Word:
        with self.connection.transaction():
            leaving = [self.id(key) for key in keys]
            return links.unlink(self.connection, leaving, decided_by=by, reason="test", sealed=sealed)

    def withdraw(self, decision_id: int, *, may_see_sealed: bool = False) -> Word:
        with self.connection.transaction():
            return links.withdraw(
                self.connection,
                decision_id,
                withdrawn_by="smith",
                reason="was mistaken",
                may_see_sealed=may_see_sealed,
            )

    def propose(self, kind: str, a: str, b: str, *, weight: float = 20.0) -> str:
        (row,) = self.connection.execute(
            "INSERT INTO patient_index.proposal"
            " (kind, record_a, record_b, model, engine, weight, relative_weight, levels, reasons)"
            " VALUES (%s, %s, %s, 'uk 1', 'duckdb', %s, 5, '{}', '{}') RETURNING proposal_id",
            (kind, *self.ids(a, b), weight),
        ).fetchall()
        return f"P{row[0]}"
