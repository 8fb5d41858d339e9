"""The sandpit through FHIR: a client that is a source itself, the resources made, and how to call them."""

import json
import os
import subprocess
import sys
from typing import Any

import psycopg

from carecord.access import clients
from carecord.access.token_endpoint import TOKEN_PATH
from carecord.cli.terminal import out
from carecord.fhir_api.addresses import BASE_PATH
from carecord.kernel.errors import Conflict
from carecord.kernel.settings import Settings
from carecord.patient_index.source_records import Tenancy, set_tenancy

CLIENT = "sandpit-fhir"
SCOPES = ("system/*.cruds",)
TENANCY = Tenancy(9000, "Sandpit - FHIR client", "FHIR")
"""The source that the client itself is: what it writes is filed there."""

_CALLS = """
  TOKEN=$(curl -s -u $FHIR_CLIENT_ID:$FHIR_CLIENT_SECRET -d grant_type=client_credentials \\
    {token_url} | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  curl -s -H "Authorization: Bearer $TOKEN" "$FHIR/Patient?_count=1&_pretty=true"
"""


def client_secret(settings: Settings, connection: psycopg.Connection[Any]) -> str:
    """The secret of the sandpit's FHIR client: made once, then read from the data folder."""
    file = settings.data / "sandpit" / "fhir-client.json"
    if file.exists():
        held: str = json.loads(file.read_text("utf-8"))["client_secret"]
        return held
    set_tenancy(connection, TENANCY)
    try:
        secret = clients.register_client(
            connection,
            CLIENT,
            name="Sandpit, FHIR",
            scopes=SCOPES,
            own_tenancy_id=TENANCY.tenancy_id,
            by="sandpit",
        )
    except Conflict:
        secret = clients.replace_secret(connection, CLIENT, by="sandpit")
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        json.dump({"client_id": CLIENT, "client_secret": secret}, opened)
    return secret


def tell_how_to_call(settings: Settings, connection: psycopg.Connection[Any]) -> None:
    """Make what is to be searched, then print lines to paste into a shell."""
    secret = client_secret(settings, connection)
    # A process of its own shows its progress, and leaves nothing behind in this one.
    subprocess.run([sys.executable, "-m", "carecord", "fhir", "prepare"], check=True)
    out.print("\nTo call FHIR, with scopes system/*.cruds; what it writes becomes a source of its own:\n")
    for name, value in {
        "FHIR": settings.base_url + BASE_PATH,
        "FHIR_CLIENT_ID": CLIENT,
        "FHIR_CLIENT_SECRET": secret,
    }.items():
        out.print(f"  export {name}={value}", soft_wrap=True, markup=False)
    calls = _CALLS.replace("{token_url}", settings.base_url + TOKEN_PATH)
    out.print(calls, soft_wrap=True, markup=False, highlight=False)
