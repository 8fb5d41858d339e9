"""Letters: the index entry, the content, and the copy that the practice files."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from html import escape

from carecord.population.dates import later
from carecord.population.entries import gp
from carecord.population.history import History
from carecord.population.organisations import SourceSystem


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter before it is sent: what kind, from whom, about what."""

    kind: str
    """The source's code for the type, such as CLIN."""
    type_text: str
    title: str
    author: str
    role: str
    specialty: str | None
    paragraphs: tuple[str, ...]
    event_id: str | None = None
    snomed: str | None = None
    confidentiality: str = "Normal"


def send(history: History, system: SourceSystem, letter: Letter, when: str, *, organisation: str) -> str:
    """Put a letter into a system's document store and the practice's index; its document id."""
    document_id = f"{letter.kind}-{history.number()}"
    media_type, name, body = rendered(history, letter, document_id)
    history.add(
        system,
        "DocumentsList",
        {
            "DocumentId": document_id,
            "DocumentDate": when,
            "CreationDate": later(when, minutes=4),
            "LastUpdatedDate": later(when, minutes=4),
            "DocumentTypeCode": letter.kind,
            "DocumentTypeSnomedCTCode": letter.snomed,
            "DocumentTypeDesc": letter.type_text,
            "Category": "Clinical correspondence",
            "Title": letter.title,
            "SpecialtyDesc": letter.specialty,
            "AuthorName": letter.author,
            "AuthorRole": letter.role,
            "Recipients": history.practice.name,
            "EventId": letter.event_id,
            "Status": "Final",
            "Confidentiality": letter.confidentiality,
            "MimeType": media_type,
            "FileName": name,
            "SizeBytes": len(body),
            "Sha1": digest(body),
            "VersionNumber": 1,
            "HasContent": "Yes",
        },
        key=document_id,
        updated=later(when, minutes=4),
    )
    content(history, system, letter.title, document_id, when, rendered_as=(media_type, name, body))
    gp.letter_received(
        history, letter.title, date.fromisoformat(when[:10]), author=letter.author, organisation=organisation
    )
    return document_id


def content(
    history: History,
    system: SourceSystem,
    title: str,
    document_id: str,
    when: str,
    *,
    rendered_as: tuple[str, str, bytes],
) -> None:
    """The bytes of a document."""
    media_type, name, body = rendered_as
    history.add(
        system,
        "content",
        {
            "DocumentId": document_id,
            "Title": title,
            "MimeType": media_type,
            "FileName": name,
            "SizeBytes": len(body),
            "Content": base64.b64encode(body).decode("ascii"),
            "Sha1": digest(body),
            "LastUpdatedDate": later(when, minutes=4),
        },
        key=document_id,
        updated=later(when, minutes=4),
    )


def rendered(history: History, letter: Letter, document_id: str) -> tuple[str, str, bytes]:
    """The media type, file name and bytes: web pages for clinic letters, plain text for the rest."""
    person = history.person
    about = f"{person.title} {person.name}, born {person.born:%d %B %Y}, NHS number {person.nhs_number}"
    if letter.kind == "CLIN":
        lines = "".join(f"<p>{escape(text)}</p>" for text in (about, *letter.paragraphs, letter.author))
        page = (
            f'<!doctype html><html lang="en"><title>{escape(letter.title)}</title><body>{lines}</body></html>'
        )
        return "text/html", f"{document_id}.html", page.encode()
    text = "\n\n".join((letter.title, about, *letter.paragraphs, letter.author)) + "\n"
    return "text/plain", f"{document_id}.txt", text.encode()


def digest(body: bytes) -> str:
    """SHA-1 in base64, as FHIR's Attachment.hash wants it."""
    return base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode("ascii")
