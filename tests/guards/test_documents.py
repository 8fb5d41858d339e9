"""Documents are held to the code: their links lead somewhere, and every setting is told of."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    file
    for folder in (ROOT, ROOT / "docs")
    for file in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
_PACKAGES = "catalogue|access|bundles_api|kernel|db|ingest|clinical_store|patient_index|population|portal|cli"
_NAMED = re.compile(rf"`((?:tests|docs|benchmarks|deploy|{_PACKAGES})/[A-Za-z0-9_./-]+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    targets = _LINK.findall(document.read_text("utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_files_that_a_document_names_exist(document: Path) -> None:
    named = _NAMED.findall(document.read_text("utf-8"))

    assert [name for name in named if not _exists(name)] == []


def _exists(name: str) -> bool:
    return any((root / name).exists() for root in (ROOT, ROOT / "src" / "carecord"))
