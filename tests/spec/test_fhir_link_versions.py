"""Links make versions of Patients for those who may know of them, and leave no trace for anybody else."""

from collections.abc import Iterator
from itertools import count

import pytest

from carecord.db.embedded import Held
from tests.support.fhir import FHIRClient, Json, fhir_of_a_module, open_fhir, patient_of

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
NEAR, FAR = 711, 712


def _nhs_numbers() -> Iterator[str]:
    """Of the 999 range, with their check digits."""
    for number in count(999_300_000):
        digits = [int(one) for one in str(number)]
        check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            yield f"{number}{check % 11}"


NUMBERS = _nhs_numbers()


@pytest.fixture(scope="module")
def everywhere(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    """A client that may see all sources."""
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture(scope="module")
def near(everywhere: FHIRClient) -> FHIRClient:
    """A client of one source, which may see no other."""
    return open_fhir(everywhere.sandpit, "near", tenancies=[NEAR], own_tenancy_id=NEAR)


@pytest.fixture(scope="module")
def far(everywhere: FHIRClient) -> FHIRClient:
    """A client of another source."""
    return open_fhir(everywhere.sandpit, "far", tenancies=[FAR], own_tenancy_id=FAR)


@pytest.fixture(scope="module")
def both(everywhere: FHIRClient, near: FHIRClient, far: FHIRClient) -> FHIRClient:
    """A client that may see these two sources, and not all that there are."""
    return open_fhir(everywhere.sandpit, "both", tenancies=[NEAR, FAR], own_tenancy_id=None)


@pytest.fixture
def number() -> str:
    return next(NUMBERS)


def numbered(number: str) -> Json:
    """A Patient whom the index links with every other of the number."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": NHS_NUMBER, "value": number}],
        "name": [{"use": "official", "family": "Testlinked", "given": ["Ada"]}],
        "birthDate": "1961-04-11",
        "gender": "female",
    }


def shown(client: FHIRClient, id: str) -> list[object]:
    """All that tells a client of a Patient's versions, whichever way it asks."""
    read = client.get(f"/Patient/{id}")
    past = client.get(f"/Patient/{id}/_history").json()
    of_type = client.get("/Patient/_history?_count=1000").json()
    everything = client.get(f"/Patient/{id}/$everything?_type=Patient").json()
    found = client.get(f"/Patient?_id={id}&_elements=gender").json()
    return [
        read.headers["ETag"],
        read.headers["Last-Modified"],
        read.json(),
        past["total"],
        past["entry"],
        [one for one in of_type["entry"] if one["fullUrl"].endswith(f"/Patient/{id}")],
        [one["resource"] for one in everything["entry"]],
        [one["resource"]["meta"] for one in found["entry"]],
    ]


def updated(patient: Json) -> str:
    told: str = patient["meta"]["lastUpdated"]
    return told.replace("+", "%2B")


def test_a_link_that_a_client_may_not_know_of_changes_nothing_for_it(
    everywhere: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    own = near.create(numbered(number))
    before = shown(near, own["id"])

    elsewhere = far.create(numbered(number))
    linked = everywhere.get(f"/Patient/{own['id']}")
    after_link = shown(near, own["id"])
    assert far.call("DELETE", f"/Patient/{elsewhere['id']}").status_code == 204
    parted = everywhere.get(f"/Patient/{own['id']}")

    assert linked.json()["link"][0]["other"]["reference"] == f"Patient/{elsewhere['id']}"
    assert "link" not in parted.json()
    assert len({own["meta"]["versionId"], linked.headers["ETag"], parted.headers["ETag"]}) == 3
    assert after_link == before
    assert shown(near, own["id"]) == before


def test_links_and_their_end_are_versions_for_all_who_may_see_both(
    everywhere: FHIRClient, both: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    own = near.create(numbered(number))
    elsewhere = far.create(numbered(number))
    assert both.get(f"/Patient/{own['id']}").json()["link"] != []
    linked = both.get(f"/Patient/{own['id']}")
    assert far.call("DELETE", f"/Patient/{elsewhere['id']}").status_code == 204

    for client in (everywhere, both):
        past = client.get(f"/Patient/{own['id']}/_history").json()
        told = [one["resource"]["meta"]["versionId"] for one in past["entry"]]
        assert past["total"] == 3
        assert told[2] == "1"
        assert float(told[0]) > float(told[1]) > 1
        assert [one["request"]["method"] for one in past["entry"]] == ["PUT", "PUT", "POST"]
        last = client.get(f"/Patient/{own['id']}")
        assert last.headers["ETag"] == f'W/"{told[0]}"' != linked.headers["ETag"] == f'W/"{told[1]}"'
        earlier = client.get(f"/Patient/{own['id']}/_history/{told[1]}")
        assert earlier.status_code == 200
        assert earlier.json()["meta"] == linked.json()["meta"]


def test_a_version_of_a_link_that_may_not_be_known_of_is_not_there(
    everywhere: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    own = near.create(numbered(number))
    far.create(numbered(number))
    told = everywhere.get(f"/Patient/{own['id']}").json()["meta"]["versionId"]

    assert everywhere.get(f"/Patient/{own['id']}/_history/{told}").status_code == 200
    for version in (told, "2", "1.1", "1.x", "1."):
        assert near.get(f"/Patient/{own['id']}/_history/{version}").status_code == 404


def test_searches_by_time_go_by_the_changes_that_a_client_may_know_of(
    everywhere: FHIRClient, both: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    first, second = near.create(numbered(number)), near.create(patient_of())
    ids = f"_id={first['id']},{second['id']}"
    far.create(numbered(number))
    linked = everywhere.get(f"/Patient/{first['id']}").json()
    names = [f"Patient/{one['id']}" for one in (first, second)]

    for client, is_told in ((everywhere, True), (both, True), (near, False)):
        at = updated(linked)
        hits = [names[0]] if is_told else []
        assert client.found(f"/Patient?{ids}&_lastUpdated=ge{at}") == hits
        assert client.found(f"/Patient?{ids}&_lastUpdated=eq{at}") == hits
        assert client.found(f"/Patient?{ids}&_lastUpdated=le{updated(first)}") == names[:1] * (not is_told)
        newest_first = names if is_told else names[::-1]
        assert client.found(f"/Patient?{ids}") == newest_first
        assert client.found(f"/Patient?{ids}&_sort=_lastUpdated") == newest_first[::-1]
        everything = client.get(f"/Patient/{first['id']}/$everything?_since={at}&_type=Patient").json()
        told = [one["resource"]["id"] for one in everything.get("entry", [])]
        assert (first["id"] in told) == is_told


def test_pages_of_all_patients_by_time_are_whole_for_a_client_of_some_sources(
    everywhere: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    made = [near.create(numbered(number)), near.create(patient_of()), near.create(patient_of())]
    far.create(numbered(number))
    everywhere.get(f"/Patient/{made[0]['id']}")
    since = updated(made[0])

    found, path = [], f"/Patient?_lastUpdated=ge{since}&_count=1"
    while path:
        page = near.get(path).json()
        found += [one["resource"]["id"] for one in page.get("entry", [])]
        links = {one["relation"]: one["url"] for one in page["link"]}
        path = links.get("next", "").partition("/fhir/R4")[2]

    assert found == [one["id"] for one in reversed(made)]


def test_a_client_changes_its_own_patient_by_the_version_that_it_knows(
    everywhere: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    own = near.create(numbered(number))
    path = f"/Patient/{own['id']}"
    far.create(numbered(number))
    hidden = everywhere.get(path).headers["ETag"]

    assert near.get(path, If_None_Match='W/"1"').status_code == 304
    assert near.put(path, own | {"gender": "male"}, If_Match=hidden).status_code == 412
    same = near.put(path, own, If_Match='W/"1"')
    assert (same.status_code, same.headers["ETag"], same.json()["meta"]) == (200, 'W/"1"', own["meta"])
    changed = near.put(path, own | {"gender": "male"}, If_Match='W/"1"')
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    assert "link" not in changed.json()
    assert everywhere.get(path).headers["ETag"] == 'W/"2"'
    assert near.get(f"{path}/_history").json()["total"] == 2
    assert everywhere.get(f"{path}/_history").json()["total"] == 3


def test_a_patch_looks_at_no_link_that_the_client_may_not_know_of(
    everywhere: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    own = near.create(numbered(number))
    path = f"/Patient/{own['id']}"
    asked = [{"op": "test", "path": "/link/0/type", "value": "seealso"}]

    def ask() -> tuple[int, str]:
        answer = near.call("PATCH", path, asked, Content_Type="application/json-patch+json")
        return answer.status_code, answer.text

    without = ask()
    far.create(numbered(number))
    assert "link" in everywhere.get(path).json()

    assert ask() == without


def test_an_entry_that_changes_nothing_leads_to_the_version_that_its_client_knows(
    everywhere: FHIRClient, near: FHIRClient, far: FHIRClient, number: str
) -> None:
    wide = open_fhir(everywhere.sandpit, "near-and-all", own_tenancy_id=NEAR)
    of_others = next(NUMBERS)
    told = []
    for client, of_person in ((near, number), (wide, of_others)):
        own = client.create(numbered(of_person))
        far.create(numbered(of_person))
        linked = everywhere.get(f"/Patient/{own['id']}").headers["ETag"]
        request = {"method": "PUT", "url": f"Patient/{own['id']}"}
        sent = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": own, "request": request}],
        }
        answer = client.post("/", sent).json()["entry"][0]["response"]
        version = answer["location"].partition("/_history/")[2]
        assert answer["etag"] == f'W/"{version}"'
        told.append((version == "1", answer["etag"] == linked))

    assert told == [(True, False), (False, True)]
