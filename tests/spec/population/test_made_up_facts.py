"""Nothing in a population can be taken for somebody real."""

import json
import re
from collections import Counter

from stdnum.gb import nhs

from carecord.population.chance import seeded
from carecord.population.names import ORIGIN_OF_ETHNIC_CATEGORY, surname
from carecord.population.places import outward_codes
from tests.spec.population.conftest import Population

# Royal Mail, PAF: every postcode area, with the Crown dependencies and the non-geographic ones.
POSTCODE_AREAS = """
AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E
EC EH EN EX FK FY G GE GIR GL GU GX GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE
LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR QC RG RH RM S SA SE SG SK SL SM
SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV XX YO ZE
"""
# Ofcom, telephone numbers for drama; 01999 and 0800 555 are those of the catalogue's samples.
FICTIONAL = re.compile(r"01632 960\d{3}|07700 900\d{3}|020 7946 0\d{3}|01999 555\d{3}|0800 555 \d{4}")
POSTCODE = re.compile(r"([A-Z]{1,2})(\d{1,2}) \d[A-Z]{2}")


def test_towns_lie_in_postcode_areas_that_do_not_exist() -> None:
    areas = {re.sub(r"\d", "", code) for code in outward_codes()}
    assert areas.isdisjoint(POSTCODE_AREAS.split())


def test_every_postcode_is_made_up(town: Population) -> None:
    for _, line in town.lines():
        post_code = line.get("Patient", line.get("Item", {})).get("PostCode")
        if post_code:
            shape = POSTCODE.fullmatch(post_code)
            assert shape
            assert shape[1] == "ZZ" or f"{shape[1]}{shape[2]}" in outward_codes()


def test_every_telephone_number_is_kept_for_fiction(town: Population) -> None:
    for _, line in town.lines():
        body = line.get("Patient", line.get("Item", {}))
        for name, value in body.items():
            if isinstance(value, str) and ("Telephone" in name or name in ("MobileNumber", "StaffTelephone")):
                assert FICTIONAL.fullmatch(value), name


def test_every_nhs_number_is_of_the_test_range_and_valid(town: Population) -> None:
    for _, line in town.lines():
        for number in re.findall(r'"(?:Mother)?NhsNumber": "(\w+)"', json.dumps(line)):
            assert number.startswith("999")
            assert nhs.is_valid(number)


def test_every_e_mail_address_ends_in_example(town: Population) -> None:
    for _, line in town.lines():
        address = line.get("Patient", line.get("Item", {})).get("EmailAddress")
        assert address is None or address.endswith(".example")


def test_two_people_never_share_an_nhs_number(town: Population) -> None:
    people = {}
    rows = (town.out / "truth.csv").read_text(encoding="utf-8").splitlines()[1:]
    truth = {tuple(row.split(",")[:2]): row.split(",")[2] for row in rows}
    for tenancy_id, line in town.lines():
        number = line.get("Patient", {}).get("NhsNumber")
        if number:
            person = truth[str(tenancy_id), line["SourcePatientId"]]
            assert people.setdefault(number, person) == person


def test_there_are_names_for_every_ethnic_category() -> None:
    for origins in ORIGIN_OF_ETHNIC_CATEGORY.values():
        assert all(surname(origin, seeded(1)) for origin in origins)


def test_ages_are_spread_as_in_the_country(town: Population) -> None:
    """ONS, mid-year estimates for England: 21% under 18, 19% of 65 and over, half of them women."""
    born: dict[str, tuple[str, str]] = {}
    for tenancy_id, line in town.lines():
        if "Patient" in line and (tenancy_id == 1 or tenancy_id >= 20):
            patient = line["Patient"]
            born[line["SourcePatientId"]] = (patient.get("DateOfBirth", "1980-01-01"), patient["Gender"])
    spread = Counter(
        "young" if day > "2008-11-01" else "old" if day <= "1961-11-01" else "middle"
        for day, _ in born.values()
    )
    assert 0.17 <= spread["young"] / len(born) <= 0.27
    assert 0.14 <= spread["old"] / len(born) <= 0.24
    assert 0.47 <= sum(sex == "2" for _, sex in born.values()) / len(born) <= 0.55
