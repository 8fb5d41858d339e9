"""`carecord serve`: the server."""

from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from carecord.cli.http_protocol import LimitedProtocol
from carecord.cli.shared_port import DEALS_OUT, SharedPort
from carecord.cli.terminal import open_database
from carecord.kernel.settings import Settings

_APP = "carecord.app:asgi"


def serve() -> None:
    """Answer the APIs until stopped. Its settings are read from the environment."""
    settings = Settings()
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "log_level": settings.log_level,
        "http": LimitedProtocol,
        "ws": "none",
        # Nothing here reads the caller's address or scheme, so no header may set them.
        "proxy_headers": False,
        "access_log": False,
        "server_header": False,
    }
    with open_database(settings):
        if settings.workers > 1 and DEALS_OUT:
            config = uvicorn.Config(_APP, **options)
            Multiprocess(config, sockets=[SharedPort.of(config.bind_socket())]).run()
        else:
            uvicorn.run(_APP, **options)
