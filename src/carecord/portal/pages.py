"""The pages of the API reference: made from the catalogue, and sent to anyone, for no patient is in them."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from carecord.access.gate import KEY_HEADER
from carecord.access.token_endpoint import JWKS_PATH, METADATA_PATH, TOKEN_PATH
from carecord.bundles_api.openapi import REFUSALS
from carecord.bundles_api.parameters import PAGE_SIZE, PAGE_SIZE_LIMIT, PARAMETERS_LIMIT, VALUE_LIMIT
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS
from carecord.catalogue.model import Bundle, Operation
from carecord.catalogue.samples import sample_of
from carecord.fhir_api.addresses import BASE_PATH
from carecord.fhir_api.searching.parsing import DEFAULT_COUNT
from carecord.fhir_api.searching.showing import LARGEST_COUNT
from carecord.fhir_api.smart_configuration import SCOPES as SMART_SCOPES
from carecord.kernel.errors import BadRequest, FieldError, NotFound
from carecord.kernel.problem import MEDIA_TYPE as PROBLEM
from carecord.kernel.problem import encode_problem
from carecord.kernel.settings import Settings
from carecord.portal.code_samples import call_samples, token_samples
from carecord.portal.documents import HTML, Document, Shelf, send
from carecord.portal.fhir_reference import ADDRESS as FHIR
from carecord.portal.fhir_reference import FHIRFaceReference, FHIRReference
from carecord.portal.fhir_samples import everything_samples, sample_resource, search_samples
from carecord.portal.highlighting import highlighted
from carecord.portal.operation_reference import OperationReference, address_of, matches, pretty
from carecord.portal.static_files import digest, static_address, static_files

LONGEST_SEARCH = 200


class Pages:
    """Every page. `served` are the operations that the reference tells of."""

    def __init__(self, settings: Settings, served: Sequence[Operation]) -> None:
        self._settings = settings
        self._references = {one.operation_id: OperationReference(one) for one in served}
        self._bundles = {one.bundle.slug: one.bundle for one in served}
        self._fhir = FHIRFaceReference(settings)
        self._shelf = Shelf()
        self._templates = _templates(settings)

    async def home(self, request: Request) -> Response:
        return send(request, self._shelf.get("/", self._make_home))

    async def guide(self, request: Request) -> Response:
        return send(request, self._shelf.get("/guide", self._make_guide))

    async def reference(self, request: Request) -> Response:
        """All operations, or those that a search finds."""
        query = request.query_params.get("q", "").strip()[:LONGEST_SEARCH]
        if query:
            return send(request, self._make_reference(query))
        return send(request, self._shelf.get("/reference", lambda: self._make_reference("")))

    async def bundle(self, request: Request) -> Response:
        bundle = self._bundles.get(request.path_params["bundle"])
        if bundle is None:
            return self._no_page(request)
        return send(request, self._shelf.get(bundle.slug, lambda: self._make_bundle(bundle)))

    async def operation(self, request: Request) -> Response:
        reference = self._references.get(request.path_params["operation_id"])
        if reference is None or reference.operation.bundle.slug != request.path_params["bundle"]:
            return self._no_page(request)
        return send(request, self._shelf.get(reference.address, lambda: self._make_operation(reference)))

    async def fhir(self, request: Request) -> Response:
        return send(request, self._shelf.get(FHIR, self._make_fhir))

    async def fhir_type(self, request: Request) -> Response:
        reference = self._fhir.types.get(request.path_params["type"])
        if reference is None:
            return self._no_page(request)
        return send(request, self._shelf.get(reference.address, lambda: self._make_fhir_type(reference)))

    async def static(self, request: Request) -> Response:
        file = static_files().get(request.path_params["name"])
        if file is None or request.path_params["digest"] != digest():
            raise NotFound("There is no such file.")
        return send(request, file)

    def _no_page(self, request: Request) -> Response:
        return send(request, self._render("no_page.html"), status=404)

    def _make_home(self) -> Document:
        base_url = self._settings.base_url
        return self._render(
            "home.html",
            token_samples=token_samples(base_url),
            find=self._references.get(FIND_PATIENT.operation_id),
            find_samples=call_samples(FIND_PATIENT, base_url),
            read=self._references.get(GP_REPEAT_MEDICATIONS.operation_id),
            read_samples=call_samples(GP_REPEAT_MEDICATIONS, base_url),
            sample_id=sample_of(FIND_PATIENT).item["PatientDetailId"],
            bundles=self._grouped(),
        )

    def _make_guide(self) -> Document:
        problem = encode_problem(
            BadRequest(
                "A parameter breaks a rule.",
                errors=[FieldError("PageSize", f"must be a whole number from 1 to {PAGE_SIZE_LIMIT}")],
            ),
            instance="/gp/patients/2188/gp-encounters",
            trace_id="5f0c2b5e8d0b4c6f9a3f6f0f3f0d9d11",
        )
        return self._render(
            "guide.html",
            token_samples=token_samples(self._settings.base_url),
            find=self._references.get(FIND_PATIENT.operation_id),
            bundles=list(self._bundles.values()),
            refusals=REFUSALS,
            problem_media_type=PROBLEM,
            problem=pretty(msgspec.Raw(problem)),
            page_size=PAGE_SIZE,
            page_size_limit=PAGE_SIZE_LIMIT,
            parameters_limit=PARAMETERS_LIMIT,
            value_limit=VALUE_LIMIT,
        )

    def _make_reference(self, query: str) -> Document:
        found = {one.operation for one in self._references.values() if matches(one, query)}
        types = [one for one in self._fhir.types.values() if matches(one, query)]
        return self._render(
            "reference.html",
            bundles=self._grouped(),
            query=query,
            found=found,
            types=types,
            total=len(self._references),
            total_types=len(self._fhir.types),
        )

    def _make_bundle(self, bundle: Bundle) -> Document:
        return self._render("bundle.html", bundle=bundle, references=self._of(bundle))

    def _make_operation(self, reference: OperationReference) -> Document:
        return self._render(
            "operation.html",
            bundle=reference.operation.bundle,
            references=self._of(reference.operation.bundle),
            reference=reference,
            operation=reference.operation,
            samples=call_samples(reference.operation, self._settings.base_url),
            sample_id=sample_of(FIND_PATIENT).item["PatientDetailId"],
        )

    def _make_fhir(self) -> Document:
        base_url = self._settings.base_url
        return self._render(
            "fhir.html",
            fhir=self._fhir,
            token_samples=token_samples(base_url),
            find_samples=search_samples(self._fhir.types["Patient"], base_url),
            everything_samples=everything_samples(base_url),
            scopes=SMART_SCOPES,
            page_size=DEFAULT_COUNT,
            page_size_limit=LARGEST_COUNT,
        )

    def _make_fhir_type(self, reference: FHIRReference) -> Document:
        return self._render(
            "fhir_type.html",
            reference=reference,
            types=self._fhir.types.values(),
            samples=search_samples(reference, self._settings.base_url),
            sample=sample_resource(reference),
        )

    def _of(self, bundle: Bundle) -> list[OperationReference]:
        return [one for one in self._references.values() if one.operation.bundle is bundle]

    def _grouped(self) -> list[tuple[Bundle, list[OperationReference]]]:
        return [(bundle, self._of(bundle)) for bundle in self._bundles.values()]

    def _render(self, template: str, **values: Any) -> Document:
        return Document(self._templates.get_template(template).render(values).encode(), HTML)


def _templates(settings: Settings) -> Environment:
    templates = Environment(
        loader=PackageLoader("carecord.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals |= {
        "address_of": address_of,
        "base_url": settings.base_url,
        "highlighted": highlighted,
        "jwks_path": JWKS_PATH,
        "key_header": KEY_HEADER,
        "fhir_address": FHIR,
        "fhir_base_path": BASE_PATH,
        "key_needed": settings.require_subscription_key,
        "metadata_path": METADATA_PATH,
        "static_address": static_address,
        "token_lifetime_s": settings.token_lifetime_s,
        "token_path": TOKEN_PATH,
        "version": version("carecord"),
    }
    return templates
