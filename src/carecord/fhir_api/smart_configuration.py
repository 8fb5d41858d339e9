"""What a SMART client must know of the server (App Launch 2.2, §.well-known/smart-configuration)."""

from carecord.access.token_endpoint import JWKS_PATH, TOKEN_PATH
from carecord.fhir_api.kept import Json

SCOPES = (
    "system/*.cruds",
    "system/*.rs",
    "user/*.cruds",
    "user/*.rs",
    "patient/*.cruds",
    "patient/*.rs",
)
"""They stand for all: a served type may stand for the star, and a search may follow a question mark."""

CAPABILITIES = ("client-confidential-symmetric", "permission-v1", "permission-v2")


def smart_configuration(base_url: str) -> Json:
    """People cannot sign in yet: there is a token endpoint for programs, and no authorization endpoint."""
    return {
        "issuer": base_url,
        "jwks_uri": base_url + JWKS_PATH,
        "token_endpoint": base_url + TOKEN_PATH,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": list(SCOPES),
        "response_types_supported": [],
        "code_challenge_methods_supported": [],
        "capabilities": list(CAPABILITIES),
    }
