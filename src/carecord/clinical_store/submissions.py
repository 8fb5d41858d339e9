"""Replies to submissions, kept for a while: the same submission sent again gets the same reply."""

import hashlib
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import Conflict, FieldError
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)

KEPT_DAYS = 7
"""How long the reply to a submission is kept."""


def find_reply(
    connection: Connection[Any], client_id: str, submission_id: str, *, asked: bytes
) -> bytes | None:
    """The reply that this submission had before; None where it is new, and then it is this transaction's.

    Another transaction with the same ID waits until this one ends. Conflict where the ID came before with
    something else than `asked`.
    """
    connection.execute(queries.forget_replies, {"days": KEPT_DAYS})
    submission = {
        "client_id": client_id,
        "submission_id": submission_id,
        "digest": hashlib.sha256(asked).digest(),
    }
    if connection.execute(queries.claim_submission, submission).rowcount == 1:
        return None
    row = connection.execute(queries.reply_of, submission).fetchone()
    assert row is not None
    same, reply = row
    if not same:
        raise Conflict(
            "This SubmissionId came before, with another body or path.",
            errors=[FieldError("SubmissionId", "must be new for a new submission")],
            reason="submission_id_reused",
        )
    found: bytes = reply
    return found


def keep_reply(connection: Connection[Any], client_id: str, submission_id: str, reply: bytes) -> None:
    """Keep the reply, in the transaction of the change it tells of."""
    connection.execute(
        queries.keep_reply, {"client_id": client_id, "submission_id": submission_id, "reply": reply}
    )
