"""Style sheets, scripts and images, at addresses that change with their bytes."""

import hashlib
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from carecord.portal.documents import FOR_EVER, Document

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def static_files() -> MappingProxyType[str, Document]:
    """Every file by its name."""
    folder = files(__package__).joinpath("static")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        media_type = _MEDIA_TYPES.get(file.name[file.name.rfind(".") :])
        if media_type is not None:
            found[file.name] = Document(file.read_bytes(), media_type, FOR_EVER)
    return MappingProxyType(found)


@cache
def digest() -> str:
    """One digest over all files: it stands in each one's address, so files find each other beside them."""
    whole = hashlib.sha256()
    for name, file in static_files().items():
        whole.update(name.encode() + b"\0" + hashlib.sha256(file.body).digest())
    return whole.hexdigest()[:16]


def static_address(name: str) -> str:
    """Where a file is served; raises KeyError for one that is not there."""
    static_files()[name]
    return f"/static/{digest()}/{name}"
