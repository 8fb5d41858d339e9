"""The JSON body of a request, read as its declaration says."""

from functools import cache
from typing import Any

import msgspec

from carecord.catalogue.model import Part
from carecord.catalogue.shapes import Shape, body_shape
from carecord.catalogue.submission import structural_error
from carecord.kernel.errors import BadRequest


def read_body(body: type[Part], text: bytes) -> Shape:
    """The body in memory; raises BadRequest that names the field which is unknown or of the wrong kind."""
    declared: Any = body
    try:
        read: Shape = _decoder(body_shape(declared)).decode(text)
    except msgspec.ValidationError as error:
        fault = structural_error(error, whole="body", unknown="is no field of this body")
        raise BadRequest("The body breaks a rule.", errors=[fault]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("The body must be one JSON object.") from None
    return read


@cache
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)
