"""The portal's routes: public, for they tell of the API and of no patient."""

from collections.abc import Collection
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from carecord.bundles_api.index_operations import INDEX_OPERATIONS
from carecord.bundles_api.openapi import build_openapi
from carecord.bundles_api.postman import build_collection, build_environment
from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation
from carecord.kernel.settings import Settings
from carecord.portal.documents import JSON, Document, Shelf, send
from carecord.portal.fhir_reference import ADDRESS as FHIR
from carecord.portal.pages import Pages


def portal_routes(settings: Settings, served: Collection[Operation]) -> list[Route]:
    """All that there is for people and tools that learn the API; they are told of the `served` operations."""
    in_order = [one for one in (*OPERATIONS, *INDEX_OPERATIONS) if one in served]
    descriptions = Descriptions(settings, in_order)
    pages = Pages(settings, in_order)
    return [
        Route("/", pages.home),
        Route("/guide", pages.guide),
        Route("/reference", pages.reference),
        Route(FHIR, pages.fhir),
        Route(f"{FHIR}/{{type}}", pages.fhir_type),
        Route("/reference/{bundle}", pages.bundle),
        Route("/reference/{bundle}/{operation_id}", pages.operation),
        Route("/static/{digest}/{name}", pages.static),
        Route("/openapi.json", descriptions.openapi),
        Route("/postman/collection.json", descriptions.postman_collection),
        Route("/postman/environment.json", descriptions.postman_environment),
    ]


class Descriptions:
    """The API described for tools."""

    def __init__(self, settings: Settings, served: Collection[Operation]) -> None:
        self._settings = settings
        self._served = served
        self._shelf = Shelf()

    async def openapi(self, request: Request) -> Response:
        return send(
            request, self._shelf.get("openapi", lambda: _json(build_openapi(self._served, self._settings)))
        )

    async def postman_collection(self, request: Request) -> Response:
        return send(request, self._shelf.get("collection", lambda: _json(build_collection(self._served))))

    async def postman_environment(self, request: Request) -> Response:
        return send(request, self._shelf.get("environment", lambda: _json(build_environment(self._settings))))


def _json(content: dict[str, Any]) -> Document:
    return Document(msgspec.json.encode(content), JSON)
