"""Narrative: XHTML that can be shown without fear (R4, narrative.html: invariants txt-1 and txt-2)."""

import re

from lxml import etree

_XHTML = "http://www.w3.org/1999/xhtml"

# What txt-1 allows: HTML 4.0, chapters 7 to 11 (without section 4 of chapter 9) and 15, links and images, and
# of these nothing that HTML 4.0 itself deprecates.
_ELEMENT_NAMES = """
    a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em
    h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th
    thead tr tt ul var
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTE_NAMES = """
    abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff
    charset cite class clear color colspan compact coords dir frame headers height href hreflang hspace id
    lang longdesc name noshade nowrap rel rev rowspan rules scope shape size span src start style summary
    tabindex title type valign value vspace width
"""
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
MOST_ATTRIBUTES = 64
"""Of one element, prefixes included: R4 and HTML have fewer, and a body could be made to have thousands."""

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# A scheme is what stands before the first colon; browsers skip blanks and control characters within it.
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*(?=:)")
_HARMLESS_SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp", "urn", "cid"})
_UNSAFE_STYLE = re.compile(r"expression\s*\(|javascript:|-moz-binding|behavior\s*:|@import|\\")

_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def check_narrative(text: str) -> str | None:
    """The rule that this XHTML breaks, in words without any of it; None where it is fit to show."""
    if "<!DOCTYPE" in text:
        return "must hold no document type"
    if text.count("xmlns:") > MOST_ATTRIBUTES:
        return f"must declare no more than {MOST_ATTRIBUTES} prefixes"
    try:
        div = etree.fromstring(text.encode(), _parser)
    except etree.XMLSyntaxError:
        return "must be well-formed XHTML, without named entities but those of XML"
    if div.tag != f"{{{_XHTML}}}div":
        return "must be one div in the namespace http://www.w3.org/1999/xhtml"
    for element in div.iter():
        broken = _broken(element)
        if broken:
            return broken
    if not "".join(div.itertext()).strip() and div.find(f".//{{{_XHTML}}}img") is None:
        return "must hold some text or an image (txt-2)"
    return None


def _broken(element: etree._Element) -> str | None:
    if isinstance(element, etree._Comment):
        return None
    tag = element.tag
    name = tag.removeprefix(f"{{{_XHTML}}}") if isinstance(tag, str) else ""
    if name not in _ELEMENTS:
        return f"must hold formatting only, no {_told(name)} (txt-1)"
    if len(element.attrib) > MOST_ATTRIBUTES:
        return f"must hold no element with more than {MOST_ATTRIBUTES} attributes"
    for attribute, value in element.attrib.items():
        if attribute not in _ATTRIBUTES and attribute != _XML_LANG:
            return f"must hold formatting only, no attribute {_told(str(attribute))} (txt-1)"
        if attribute in ("href", "src", "cite", "longdesc") and not _harmless_address(name, str(value)):
            return "must hold no address that could run a script (txt-1)"
        if attribute == "style" and _UNSAFE_STYLE.search(str(value).lower()):
            return "must hold no style that could run a script (txt-1)"
    return None


def _harmless_address(element: str, address: str) -> bool:
    plain = "".join(letter for letter in address.lower() if letter > " ")
    scheme = _SCHEME.match(plain)
    if scheme is None:
        return True
    return scheme[0] in _HARMLESS_SCHEMES or (element == "img" and plain.startswith("data:image/"))


def _told(name: str) -> str:
    """The name where it is one; what is in another namespace may be anything."""
    return name if name.isascii() and name.isalnum() and len(name) <= 20 else "element of another language"
