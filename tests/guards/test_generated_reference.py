"""The Markdown reference is what the declarations say now."""

from pathlib import Path

import pytest

from carecord.kernel.settings import Settings
from carecord.portal.markdown import pages

PAGES = pages()
FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "generated"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name], "run `make docs`"


def test_there_is_no_generated_page_of_what_is_no_more() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(PAGES)


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
