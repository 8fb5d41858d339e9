"""Who is in a Group, as the caller may see it."""

from carecord.fhir_api.calls import Call
from carecord.fhir_api.json_text import decode
from carecord.fhir_api.storing.reading import read
from carecord.kernel.errors import BadRequest


async def read_group(call: Call) -> tuple[int, ...]:
    """The patient detail IDs of its members; raises NotFound, Gone or BadRequest."""
    assert call.id is not None
    kept = await read(call.parts.readers, "Group", call.id, call.rights, writing_pool=call.parts.writing_pool)
    assert kept.body is not None
    group = decode(kept.body)
    if group.get("type") != "person" or group.get("actual") is not True:
        raise BadRequest("The Group is not one of actual persons.", reason="no_group_of_persons")
    references = [
        one.get("entity", {}).get("reference", "")
        for one in group.get("member", ())
        if one.get("inactive") is not True
    ]
    ids = (one.rpartition("Patient/")[2] for one in references if "Patient/" in one)
    return tuple(sorted({int(one) for one in ids if one.isascii() and one.isdigit() and len(one) < 19}))
