"""`carecord serve`: the server."""

import uvicorn

from carecord.cli.http_protocol import LimitedProtocol
from carecord.cli.terminal import open_database
from carecord.kernel.settings import Settings


def serve() -> None:
    """Answer the APIs until stopped. Its settings are read from the environment."""
    settings = Settings()
    with open_database(settings):
        uvicorn.run(
            "carecord.app:asgi",
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            log_level=settings.log_level,
            http=LimitedProtocol,
            ws="none",
            # Nothing here reads the caller's address or scheme, so no header may set them.
            proxy_headers=False,
            access_log=False,
            server_header=False,
        )
