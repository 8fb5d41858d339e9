"""The API reference as a browser gets it: whole, public, of its own host alone, and accessible."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.testclient import TestClient

from carecord.bundles_api.index_operations import AS_OF, EXPLANATION, INDEX_OPERATIONS, PATIENT_INDEX
from carecord.catalogue import BUNDLES, OPERATIONS
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS
from carecord.catalogue.social_care import SOCIAL_CARE_RECORD
from carecord.fhir_api.addresses import BASE_PATH
from carecord.fhir_api.definitions import SERVED
from carecord.kernel.settings import Settings
from carecord.portal.code_samples import call_samples, token_samples
from carecord.portal.fhir_reference import ADDRESS as FHIR
from carecord.portal.fhir_reference import FHIRFaceReference
from carecord.portal.fhir_samples import everything_samples, search_samples
from carecord.portal.operation_reference import OperationReference, address_of
from carecord.portal.routes import portal_routes
from carecord.portal.static_files import static_address, static_files
from tests.support.live_server import serve

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium")

DESCRIBED = (*OPERATIONS, *INDEX_OPERATIONS)
EVERYTHING = len(DESCRIBED) + len(SERVED)

FIND = address_of(FIND_PATIENT)
REPEAT_MEDICATIONS = address_of(GP_REPEAT_MEDICATIONS)
RECORD = address_of(SOCIAL_CARE_RECORD)
LOOKED_AT = [
    "/",
    "/guide",
    "/reference",
    "/reference?q=snomed",
    "/reference/gp",
    FIND,
    REPEAT_MEDICATIONS,
    RECORD,
    address_of(EXPLANATION),
    FHIR,
    f"{FHIR}/AuditEvent",
    f"{FHIR}/Observation",
    f"{FHIR}/Patient",
]
EVERY_PAGE = [
    "/",
    "/guide",
    "/reference",
    *(f"/reference/{bundle.slug}" for bundle in (*BUNDLES, PATIENT_INDEX)),
    *(address_of(operation) for operation in DESCRIBED),
    FHIR,
    *(f"{FHIR}/{type_name}" for type_name in SERVED),
]


def portal() -> Starlette:
    """The portal alone, telling of the whole catalogue: no page needs a database."""
    return Starlette(routes=portal_routes(Settings(data=Path("unused"), port=0), DESCRIBED))


@pytest.fixture(scope="module")
def http() -> Iterator[TestClient]:
    with TestClient(portal()) as client:
        yield client


class Links(HTMLParser):
    """What a page leads to, and what it loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.followed.append(found["href"])
        if tag in ("link", "script", "img", "iframe", "source"):
            self.loaded.append(found.get("href") or found.get("src") or "")
        if "style" in found or tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in found if name.startswith("on")]


def read(http: TestClient, address: str) -> Links:
    answer = http.get(address)
    assert answer.status_code == 200, address
    links = Links()
    links.feed(answer.text)
    return links


def test_every_page_loads_from_its_own_host_alone_and_has_no_script_in_it(http: TestClient) -> None:
    for address in EVERY_PAGE:
        page = read(http, address)
        assert page.loaded
        assert all(loaded.startswith("/static/") for loaded in page.loaded), address
        assert page.inline == [], address
        assert len(set(page.ids)) == len(page.ids), address


def test_no_style_sheet_or_script_names_another_host() -> None:
    for name, file in static_files().items():
        text = file.body.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text.replace("// ", "")), name
        for loaded in re.findall(r"url\(([^)]+)\)", text):
            assert loaded in static_files(), f"{name} loads {loaded}"


def test_every_link_leads_somewhere(http: TestClient) -> None:
    pages = {address: read(http, address) for address in EVERY_PAGE}
    elsewhere = ("/openapi.json", "/postman/", "/.well-known/", f"{BASE_PATH}/")
    for address, page in pages.items():
        for followed in page.followed:
            url = urlsplit(followed)
            assert not url.netloc, f"{address} leads to {followed}"
            if not url.path.startswith(elsewhere):
                there = pages[url.path or address]
                assert not url.fragment or url.fragment in there.ids, f"{address} leads to {followed}"
    for described in ("/openapi.json", "/postman/collection.json", "/postman/environment.json"):
        assert http.get(described).status_code == 200


def test_an_operation_s_page_tells_all_of_it(http: TestClient) -> None:
    for operation in DESCRIBED:
        text = re.sub("[\u200b]", "", http.get(address_of(operation)).text)
        assert operation.operation_id in text
        assert operation.path in text
        assert all(scope in text for scope in OperationReference(operation).scopes)
        for leaf in operation.leaves:
            told = f"<code>{leaf.name.removesuffix('[]')}</code>" in text
            assert told == leaf.exposed, f"{operation.operation_id} {leaf.name}"


def test_a_question_about_links_tells_its_parameters_and_shows_a_call_that_is_answered(
    http: TestClient,
) -> None:
    assert "image/svg+xml" in http.get(address_of(EXPLANATION)).text
    assert "json or svg" in http.get(address_of(EXPLANATION)).text
    assert "Needed." in http.get(address_of(AS_OF)).text
    curl, python, javascript = (sample.code for sample in call_samples(AS_OF, "http://localhost"))
    assert "/as-of?time=2024-03-01T10:30:00" in curl
    assert 'params={"time": "2024-03-01T10:30:00"}' in python
    assert "/as-of?time=2024-03-01T10:30:00" in javascript
    assert "/2188/explanations/2101" in call_samples(EXPLANATION, "http://localhost")[0].code


def test_a_search_finds_operations_by_their_fields_without_a_script(http: TestClient) -> None:
    found = http.get("/reference", params={"q": "LastIssuedDate repeat"}).text
    assert REPEAT_MEDICATIONS in found
    assert FIND not in found


def test_a_search_finds_resource_types_by_what_they_are_searched_by_and_made_of(http: TestClient) -> None:
    for words in ("last-issued", "fhir GpRepeatMedicationsList taken", "$everything"):
        found = http.get("/reference", params={"q": words}).text
        wanted = "Patient" if words == "$everything" else "MedicationStatement"
        assert re.findall(rf'class="app-operation__title"><a href="{FHIR}/(\w+)"', found) == [wanted], words


def test_what_is_searched_for_is_shown_as_text(http: TestClient) -> None:
    found = http.get("/reference", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in found
    assert "0 of" in found


def test_a_page_that_is_not_there_is_a_404_page(http: TestClient) -> None:
    for address in (
        "/reference/none",
        "/reference/gp/none",
        f"{FHIR}/Coverage",
        FIND.replace("demographics", "gp"),
    ):
        answer = http.get(address)
        assert answer.status_code == 404
        assert "Page not found" in answer.text


def test_every_answer_carries_the_headers_that_keep_a_browser_safe(http: TestClient) -> None:
    for address in ("/", "/reference", "/reference/none", "/openapi.json", static_address("carecord.css")):
        headers = http.get(address).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"


def test_static_files_are_kept_for_ever_at_an_address_that_changes_with_them(http: TestClient) -> None:
    answer = http.get(static_address("carecord.css"))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


def test_a_document_is_sent_once(http: TestClient) -> None:
    first = http.get("/openapi.json")
    assert first.headers["cache-control"] == "no-cache"
    again = http.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_document_is_compressed_for_those_who_accept_it(http: TestClient) -> None:
    plain = http.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    small = http.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) * 5 < int(plain.headers["content-length"])
    assert small.json() == plain.json()


@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda operation: operation.operation_id)
def test_code_samples_are_code(operation: Any) -> None:
    for sample in (*call_samples(operation, "http://localhost"), *token_samples("http://localhost")):
        assert "{patientDetailId}" not in sample.code
        if sample.language == "Python":
            compile(sample.code, operation.operation_id, "exec")


def test_shell_samples_are_shell() -> None:
    script = "\n".join(call_samples(operation, "http://localhost")[0].code for operation in DESCRIBED)
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_javascript_samples_are_javascript(tmp_path: Path) -> None:
    for place, operation in enumerate(DESCRIBED):
        file = tmp_path / f"sample-{place % 5}.mjs"
        file.write_text(call_samples(operation, "http://localhost")[2].code)
        if operation in (FIND_PATIENT, GP_REPEAT_MEDICATIONS, SOCIAL_CARE_RECORD):
            subprocess.run(["node", "--check", str(file)], check=True)
    patients = FHIRFaceReference(Settings(data=Path("unused"))).types["Patient"]
    for sample in (
        search_samples(patients, "http://localhost")[2],
        everything_samples("http://localhost")[2],
    ):
        file.write_text(sample.code)
        subprocess.run(["node", "--check", str(file)], check=True)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The portal on a port of its own."""
    with serve(portal()) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=[(1280, 900), (360, 740)], ids=["desktop", "phone"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that notes what it asks for and what it complains of, in `asked` and `complaints`."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = context.new_page()
    yield page
    context.close()


@in_browser
@pytest.mark.parametrize("path", LOOKED_AT)
def test_a_page_is_accessible_and_stays_with_its_host(page: Page, address: str, path: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address + path, wait_until="networkidle")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    assert [url for url in asked if not url.startswith(address)] == []
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []


@in_browser
def test_the_search_answers_while_one_types(page: Page, address: str) -> None:
    page.goto(address + "/reference", wait_until="networkidle")
    page.get_by_label("Search the reference").last.fill("gp-medications/repeat")
    shown = page.locator(".app-operation:visible .app-operation__title")
    assert shown.all_inner_texts() == ["Medications - Repeat"]
    assert page.get_by_role("status").inner_text() == f"1 of {EVERYTHING} operations and resource types."

    page.get_by_label("Search the reference").last.fill("$everything")
    assert shown.all_inner_texts() == ["Patient"]

    page.get_by_label("Search the reference").last.fill("")
    assert shown.count() == EVERYTHING


@in_browser
def test_tabs_change_the_language_and_code_is_copied(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address + REPEAT_MEDICATIONS, wait_until="networkidle")
    sample = page.locator("#sample-python")
    if page.viewport_size and page.viewport_size["width"] > 700:
        assert not sample.is_visible()
        page.get_by_role("tab", name="Python").click()
    assert sample.is_visible()
    sample.get_by_role("button", name="Copy code").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == call_samples(GP_REPEAT_MEDICATIONS, "http://127.0.0.1:0")[1].code.strip()


@in_browser
def test_a_page_can_be_read_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + REPEAT_MEDICATIONS)
    for language in ("curl", "python", "javascript"):
        assert page.locator(f"#sample-{language}").is_visible()
    assert not page.get_by_role("button", name="Copy code").first.is_visible()
    context.close()
