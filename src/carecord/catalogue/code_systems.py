"""The code systems that fields are coded in, and the shape a code of each must have."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from stdnum import verhoeff


@dataclass(frozen=True, slots=True, eq=False)
class CodeSystem:
    """A code system by its URI, the rule for the shape of its codes in words, and the test for it."""

    name: str
    uri: str
    rule: str
    has_shape: Callable[[str], bool]


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda code: compiled.fullmatch(code) is not None


@lru_cache(maxsize=65_536)
def is_sctid(code: str) -> bool:
    """Six to eighteen digits, the last a Verhoeff check digit (SNOMED CT Release File Specifications §5.5)."""
    return 6 <= len(code) <= 18 and code.isascii() and code.isdigit() and verhoeff.is_valid(code)


SNOMED = CodeSystem(
    "snomed", "http://snomed.info/sct", "a SNOMED CT identifier with a valid check digit", is_sctid
)
READ2 = CodeSystem(
    "read2",
    "http://read.info/readv2",
    "a Read v2 code of five characters, '.....' for uncoded",
    _matches(r"[A-Za-z0-9.]{5}"),
)
CTV3 = CodeSystem(
    "ctv3", "http://read.info/ctv3", "a CTV3 code of five characters", _matches(r"[A-Za-z0-9.]{5}")
)
ICD10 = CodeSystem(
    "icd10",
    "http://hl7.org/fhir/sid/icd-10",
    "an ICD-10 code such as E11.9",
    _matches(r"[A-Z][0-9]{2}(\.?[0-9X][0-9]?)?[DAX]?"),
)
OPCS4 = CodeSystem(
    "opcs4",
    "https://fhir.hl7.org.uk/Id/opcs-4",
    "an OPCS-4 code such as W37.1",
    _matches(r"[A-Z][0-9]{2}(\.?[0-9])?"),
)
DMD = CodeSystem("dm+d", "https://dmd.nhs.uk", "a dm+d code, which is a SNOMED CT identifier", is_sctid)
LOINC = CodeSystem("loinc", "http://loinc.org", "a LOINC code such as 4548-4", _matches(r"[0-9]{1,7}-[0-9]"))
LOCAL = CodeSystem(
    "local", "{fhir-base}/id/tenancy/{TenancyId}/codes", "a code of the source", lambda _: True
)
NICIP = CodeSystem(
    "nicip", "https://fhir.hl7.org.uk/Id/nicip-code", "a NICIP code", _matches(r"[A-Z0-9]{3,8}")
)
SPECIALTY = CodeSystem(
    "specialty",
    "https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode",
    "a treatment function or main specialty code of three characters",
    _matches(r"[0-9A-Z]{3}"),
)
