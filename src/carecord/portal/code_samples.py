"""How an operation is called, in the languages that most callers write."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from carecord.access.gate import KEY_HEADER
from carecord.access.token_endpoint import TOKEN_PATH
from carecord.bundles_api.index_operations import IndexOperation
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.model import ListOperation, Operation
from carecord.catalogue.samples import sample_of
from carecord.portal.operation_reference import pretty


@dataclass(frozen=True)
class CodeSample:
    """A piece of code to copy; `language` names it for the reader and, in lower case, for the highlighter."""

    language: str
    code: str


def token_samples(base_url: str) -> list[CodeSample]:
    """How a client gets a token."""
    return [
        CodeSample(
            "curl",
            f"""export CARECORD={base_url}
export TOKEN=$(curl -sS "$CARECORD{TOKEN_PATH}" \\
  -u "$CLIENT_ID:$CLIENT_SECRET" \\
  -d grant_type=client_credentials \\
  | python3 -c "import json, sys; print(json.load(sys.stdin)['access_token'])")
""",
        ),
        CodeSample(
            "Python",
            f"""import os

import httpx

CARECORD = "{base_url}"
credentials = (os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])

answer = httpx.post(
    f"{{CARECORD}}{TOKEN_PATH}",
    data={{"grant_type": "client_credentials"}},
    auth=credentials,
)
answer.raise_for_status()
os.environ["TOKEN"] = answer.json()["access_token"]
""",
        ),
        CodeSample(
            "JavaScript",
            f"""const CARECORD = "{base_url}";
const {{ CLIENT_ID, CLIENT_SECRET }} = process.env;

const answer = await fetch(`${{CARECORD}}{TOKEN_PATH}`, {{
  method: "POST",
  headers: {{ Authorization: `Basic ${{btoa(`${{CLIENT_ID}}:${{CLIENT_SECRET}}`)}}` }},
  body: new URLSearchParams({{ grant_type: "client_credentials" }}),
}});
if (!answer.ok) throw new Error(await answer.text());
process.env.TOKEN = (await answer.json()).access_token;
""",
        ),
    ]


def call_samples(operation: Operation, base_url: str) -> list[CodeSample]:
    """How the operation is called with a token and a key."""
    written: list[tuple[str, Callable[[Operation, str], str]]] = [
        ("curl", _curl),
        ("Python", _python),
        ("JavaScript", _javascript),
    ]
    return [CodeSample(language, write(operation, base_url)) for language, write in written]


def _address(operation: Operation) -> str:
    path = operation.path
    for word, value in _path_values(operation).items():
        path = path.replace(f"{{{word}}}", value)
    return path


def _path_values(operation: Operation) -> dict[str, str]:
    """A value for each word of the path, from the samples where they have one."""
    item, body = sample_of(operation).item, sample_of(operation).body or {}
    found = {"patientDetailId": str(sample_of(FIND_PATIENT).item["PatientDetailId"])}
    for name in operation.path_parameters.keys() - found.keys():
        json_name = name[0].upper() + name[1:]
        value = (
            item.get(json_name) or body.get(json_name) or item.get("DocumentInformation", {}).get(json_name)
        )
        found[name] = str(value or name)
    if "{bundle}" in operation.path:
        found |= {
            "bundle": "community-mental-health",
            "collection": "MentalHealthDiagnosesList",
        }
    return found | sample_of(operation).path


def _query_values(operation: Operation) -> dict[str, str | int]:
    """The page of a list, and what another operation cannot do without."""
    if isinstance(operation, ListOperation):
        return {"PageSize": 50}
    if isinstance(operation, IndexOperation):
        return {one.name: one.example for one in operation.query if one.required}
    return {}


def _query(operation: Operation) -> str:
    values = _query_values(operation)
    return f"?{urlencode(values, safe=':')}" if values else ""


def _curl(operation: Operation, base_url: str) -> str:
    query = _query(operation)
    method = "" if operation.method == "GET" else f" -X {operation.method}"
    lines = [
        f'curl -sS{method} "{base_url}{_address(operation)}{query}"',
        '  -H "Authorization: Bearer $TOKEN"',
        f'  -H "{KEY_HEADER}: $SUBSCRIPTION_KEY"',
    ]
    body = sample_of(operation).body
    if body is not None:
        quoted = pretty(body).replace("'", "'\\''")
        lines += ['  -H "Content-Type: application/json"', f"  -d '{quoted}'"]
    return " \\\n".join(lines) + "\n"


def _python(operation: Operation, base_url: str) -> str:
    arguments = [
        f'    "{base_url}{_address(operation)}",',
        "    headers={",
        '        "Authorization": f"Bearer {os.environ[\'TOKEN\']}",',
        f'        "{KEY_HEADER}": os.environ["SUBSCRIPTION_KEY"],',
        "    },",
    ]
    if values := _query_values(operation):
        arguments.append(f"    params={json.dumps(values)},")
    body = sample_of(operation).body
    if body is not None:
        arguments.append(f"    json={_indented(_python_literal(body), 4)},")
    call = f"httpx.{operation.method.lower()}("
    if operation.collection:
        used = f'for row in answer.json()["{operation.collection}"]:\n    print(row)\n'
    else:
        used = "print(answer.json() if answer.content else None)\n"
    return "\n".join(
        [
            "import os",
            "",
            "import httpx",
            "",
            f"answer = {call}",
            *arguments,
            ")",
            "answer.raise_for_status()",
            used,
        ]
    )


def _javascript(operation: Operation, base_url: str) -> str:
    query = _query(operation)
    body = sample_of(operation).body
    options = [f'  method: "{operation.method}",'] if operation.method != "GET" else []
    options += [
        "  headers: {",
        "    Authorization: `Bearer ${process.env.TOKEN}`,",
        f'    "{KEY_HEADER}": process.env.SUBSCRIPTION_KEY,',
        *(['    "Content-Type": "application/json",'] if body is not None else []),
        "  },",
    ]
    if body is not None:
        options.append(f"  body: JSON.stringify({_indented(pretty(body), 2)}),")
    if operation.collection:
        used = f"const {{ {operation.collection}, TotalItemCount }} = await answer.json();\n"
        used += f"console.log(TotalItemCount, {operation.collection});\n"
    else:
        used = "console.log(answer.status === 204 ? null : await answer.json());\n"
    return "\n".join(
        [
            f'const answer = await fetch("{base_url}{_address(operation)}{query}", {{',
            *options,
            "});",
            "if (!answer.ok) throw new Error(await answer.text());",
            used,
        ]
    )


def _indented(text: str, spaces: int) -> str:
    first, *rest = text.splitlines()
    return "\n".join([first, *(" " * spaces + line for line in rest)])


def _python_literal(value: object, indent: int = 0) -> str:
    """JSON as Python writes it."""
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        lines = [f'{inner}"{key}": {_python_literal(one, indent + 4)},' for key, one in value.items()]
        return "\n".join(["{", *lines, " " * indent + "}"]) if lines else "{}"
    if isinstance(value, list):
        lines = [f"{inner}{_python_literal(one, indent + 4)}," for one in value]
        return "\n".join(["[", *lines, " " * indent + "]"]) if lines else "[]"
    if isinstance(value, str):
        return pretty(value)
    return repr(value)
