"""JSON Schemas of what the catalogue declares: the items that are answered and the bodies that are sent."""

from collections.abc import Collection
from typing import Any

from carecord.catalogue.model import ComposedOperation, Field, Holds, Kind, Operation, Part, Section
from carecord.catalogue.shapes import CONTENT_LIMIT, TEXT_LIMIT, body_fields_needed

Schema = dict[str, Any]

LOCAL_DATE_TIME = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?$"
DECIMAL = r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$"
TOTAL: Schema = {
    "type": "integer",
    "minimum": 0,
    "description": "How many rows there are in all, whatever the page.",
}

_TYPES = {
    Kind.INTEGER: "integer",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "boolean",
    Kind.PAIR_OF_IDS: "array",
}
_HOLDS: dict[Holds, Schema] = {
    Holds.DECIMAL: {"pattern": DECIMAL},
    Holds.DAY: {"format": "date"},
    Holds.LOCAL_DATE_TIME: {"format": "date-time-local", "pattern": LOCAL_DATE_TIME},
    Holds.BASE64: {"contentEncoding": "base64"},
}
_KINDS: dict[Kind, Schema] = {
    Kind.DAY: _HOLDS[Holds.DAY],
    Kind.LOCAL_DATE_TIME: _HOLDS[Holds.LOCAL_DATE_TIME],
    Kind.INSTANT: {"format": "date-time"},
    Kind.PAIR_OF_IDS: {"items": {"type": "string"}, "minItems": 2, "maxItems": 2},
}


class Schemas:
    """Gathers named schemas; each method adds what it names and gives a reference to it."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}

    def answer_of(self, operation: Operation) -> Schema:
        """The whole body of an answer: a row, a composed view, or rows in their envelope."""
        item = self._item(operation)
        if operation.collection is None:
            return item
        rows = {"type": "array", "items": item}
        return self._name(
            f"{operation.item.__name__}Answer",
            _closed({operation.collection: rows, "TotalItemCount": TOTAL}),
        )

    def body(self, part: type[Part], rules: Schema | None = None) -> Schema:
        """A body that is sent: what may be null may be left out. `rules` say more of it."""
        named = self._body(part, part.__name__)
        if rules:
            schema = self.named[part.__name__]
            properties = schema["properties"]
            for name, rule in rules["properties"].items():
                text = properties[name].get("description")
                properties[name] = rule | ({"description": text} if text else {})
            schema |= {key: rule for key, rule in rules.items() if key != "properties"}
        return named

    def _item(self, operation: Operation) -> Schema:
        sections = operation.sections if isinstance(operation, ComposedOperation) else ()
        return self._part(operation.item, operation.item.__name__, sections=sections)

    def _part(
        self,
        part: type[Part],
        name: str,
        *,
        leave_out: Collection[str] = (),
        sections: Collection[Section] = (),
    ) -> Schema:
        properties = {
            f.name: self._value(f, name) for f in part.fields if f.exposed and f.name not in leave_out
        }
        properties |= {section.name: self._section(section, name) for section in sections}
        schema = _closed(properties, description=part.__doc__)
        ours = {f.name for f in part.fields if f.ours}
        schema["required"] = [name for name in properties if name not in ours]
        return self._name(name, schema)

    def _value(self, f: Field, above: str) -> Schema:
        one = self._part(f.part, f"{above}{f.name}") if f.part else value_schema(f, nullable=f.nullable)
        return _described(f, {"type": "array", "items": one} if f.repeats else one)

    def _section(self, section: Section, above: str) -> Schema:
        name = section.of.item.__name__
        rows = self._part(
            section.of.item,
            name if not section.leave_out else f"{above}{section.array}",
            leave_out=section.leave_out,
        )
        schema = _closed({section.array: {"type": "array", "items": rows}, "TotalItemCount": TOTAL})
        if section.null_when_empty:
            schema["type"] = ["object", "null"]
        return schema

    def _body(self, part: type[Part], name: str) -> Schema:
        needed = body_fields_needed(part)
        properties: Schema = {}
        for f in part.fields:
            one = self._body(f.part, f"{name}{f.name}") if f.part else _sent_schema(f)
            if f.part and f.nullable:
                one = {"anyOf": [one, {"type": "null"}]}
            properties[f.name] = _described(f, {"type": "array", "items": one} if f.repeats else one)
        schema = _closed(properties, description=part.__doc__)
        schema["required"] = [name for name in properties if name in needed]
        return self._name(name, schema)

    def _name(self, name: str, schema: Schema) -> Schema:
        assert self.named.setdefault(name, schema) == schema, f"two schemas are named {name}"
        return {"$ref": f"#/components/schemas/{name}"}


def value_schema(f: Field, *, nullable: bool) -> Schema:
    """The type of one value that is answered, with its format and the codes it may be."""
    kind = _TYPES.get(f.kind, "string")
    schema: Schema = {"type": [kind, "null"] if nullable else kind}
    schema |= _HOLDS.get(f.holds, {}) if f.holds else _KINDS.get(f.kind, {})
    if f.values:
        schema["enum"] = [*f.values.meanings, *([None] if nullable else [])]
    return schema


def _sent_schema(f: Field) -> Schema:
    if f.holds is Holds.OBJECT:
        return {"type": "object"}
    schema = value_schema(f, nullable=f.nullable)
    if f.kind is Kind.INTEGER:
        schema |= {"minimum": -(2**31), "maximum": 2**31 - 1}
    elif f.kind is not Kind.BOOLEAN:
        schema["maxLength"] = CONTENT_LIMIT if f.name == "Content" else TEXT_LIMIT
    return schema


def describe(f: Field) -> str:
    """All that the declaration says of a field, in sentences."""
    said = [f.description or ""]
    if f.values:
        said.append("; ".join(f"{code}: {meaning}" for code, meaning in f.values.meanings.items()) + ".")
    if f.code_system:
        said.append(f"Holds {f.code_system.rule}.")
    if f.dictionary:
        said.append(f"NHS Data Dictionary: {f.dictionary}.")
    return " ".join(sentence for sentence in said if sentence)


def _described(f: Field, schema: Schema) -> Schema:
    text = describe(f)
    return schema | ({"description": text} if text else {})


def _closed(properties: Schema, *, description: str | None = None) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return schema | ({"description": description.strip()} if description else {})
