"""Code and JSON as HTML, each kind of word in a class that the style sheet colours."""

from functools import cache

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="word-")
_LEXERS = {"curl": "bash"}


def highlighted(code: str, language: str) -> Markup:
    """The code with its words marked; what it holds is escaped."""
    # Pygments escapes the text that it is given.
    return Markup(highlight(code, _lexer(language.lower()), _FORMATTER).rstrip("\n"))  # noqa: S704


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(_LEXERS.get(language, language))
