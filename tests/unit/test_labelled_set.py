"""A set of known truth is read by what its columns are, and what cannot be read is told by name."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carecord.kernel.errors import Unprocessable
from carecord.patient_index.labelled_set import Labelled, birth_day, read_set

UK = "rec_id,person_id,source,nhs_number,forename,surname,dob,sex,postcode\n"
FEBRL = (
    "rec_id, given_name, surname, street_number, address_1, address_2, "
    "suburb, postcode, state, date_of_birth\n"
)
HISTORICAL = "unique_id,cluster,full_name,first_name,surname,dob,birth_place,postcode_fake,gender\n"


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def read_text(folder: Path, text: str, **told: object) -> list[Labelled]:
    return read_set([written(folder, "made-up.csv", text)], **told).records  # type: ignore[arg-type]


def refusal(folder: Path, text: str, **told: object) -> str:
    with pytest.raises(Unprocessable) as refused:
        read_text(folder, text, **told)
    errors = "; ".join(f"{one.field} {one.message}" for one in refused.value.errors)
    return f"{refused.value.detail} {errors}".strip()


def test_the_projects_own_columns(tmp_path: Path) -> None:
    rows = (
        "1,p1,GP,9990000018,Grace,Testperson,2012-05-17,F,XX1 1AA\n"
        "2,p1,AE,,Grace,Testperson,2012-05-17,,ZZ99 3VZ\n"
    )

    first, second = read_text(tmp_path, UK + rows)

    assert (first.person, first.source, first.identity.nhs_number) == ("p1", "GP", "9990000018")
    assert (first.identity.birth, first.identity.postcode) == ("20120517", "XX11AA")
    assert set(first.strata) == {"source: GP", "sex: F", "age under 1"}
    assert set(second.strata) == {"source: AE", "sex: not known", "no fixed abode", "age under 1"}


def test_febrl_files_are_one_set_and_the_persons_number_stands_in_the_records(tmp_path: Path) -> None:
    row = "rec-{}, grace, testperson, 8, stanley street, bega flats, richlands, 4223, nsw, 20120517\n"
    first = written(tmp_path, "febrl4a.csv", FEBRL + row.format("107-org"))
    second = written(tmp_path, "febrl4b.csv", FEBRL + row.format("107-dup-0"))

    records = read_set([first, second]).records

    assert [(one.person, one.source) for one in records] == [("107", "febrl4a"), ("107", "febrl4b")]
    assert records[0].identity.address == "8 STANLEY STREET"


def test_middle_names_are_what_a_full_name_has_between(tmp_path: Path) -> None:
    row = "Q1-1,Q1,sir thomas henry clifford of devon,thomas,clifford,1630-08-01,devon,tq13 8df,male\n"

    (record,) = read_text(tmp_path, HISTORICAL + row)

    assert (record.person, record.identity.middle, record.identity.sex) == ("Q1", "HENRY", "M")


def test_any_column_can_be_named(tmp_path: Path) -> None:
    text = "who,family,given,born,origin\nx-7-a,Testperson,Grace,17/05/2012,polish\n"
    columns = {"Person": ["who"], "Surname": ["family"], "Forename": ["given"], "DateOfBirth": ["born"]}

    (record,) = read_text(tmp_path, text, columns=columns, person_pattern=r"-(\d)-", by=["origin"])

    assert (record.person, record.identity.birth, record.source) == ("7", "20120517", "made-up")
    assert "origin: polish" in record.strata


def test_parquet_holds_dates_and_numbers_as_such(tmp_path: Path) -> None:
    columns = {
        "person_id": [1, 2],
        "nhs_number": [9990000018.0, None],
        "surname": ["Testperson", None],
        "dob": pa.array(["2012-05-17", None]).cast(pa.date32()),
    }
    pq.write_table(pa.table(columns), tmp_path / "made-up.parquet")

    found = read_set([tmp_path / "made-up.parquet"])

    assert [one.identity.nhs_number for one in found.records] == ["9990000018", None]
    assert [one.identity.birth for one in found.records] == ["20120517", None]
    assert len(found.notes) == 1
    assert "MobileTelephone" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1941-12-31", "19411231"),
        ("19411231", "19411231"),
        ("1941/2/3", "19410203"),
        ("1941-12-31 00:00:00", "19411231"),
        ("31/12/1941", "19411231"),
        ("3.2.1941", "19410203"),
        ("1941-13-32", "19411332"),
        ("1941", None),
        ("31/12/41", None),
    ],
)
def test_a_birth_date_is_read_whichever_end_its_year_is_at(text: str, day: str | None) -> None:
    assert birth_day(text) == day


def test_infants_are_born_in_the_year_before_the_latest_birth(tmp_path: Path) -> None:
    rows = "".join(
        f"{n},p{n},GP,,A,B,{day},F,\n" for n, day in enumerate(("1998-02-01", "1997-03-01", "1996-05-01"))
    )

    records = read_text(tmp_path, UK + rows)

    assert ["age under 1" in one.strata for one in records] == [True, True, False]


def test_a_birth_in_the_future_makes_nobody_older(tmp_path: Path) -> None:
    rows = "".join(f"{n},p{n},GP,,A,B,1998-02-01,F,\n" for n in range(6000)) + "x,px,GP,,A,B,2091-02-01,F,\n"

    records = read_text(tmp_path, UK + rows)

    assert "age under 1" in records[0].strata
    assert "age under 1" not in records[-1].strata


ROW = "1,p1,GP,,Grace,Testperson,2012-05-17,F,\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "made-up.csv is empty"),
        (UK, "made-up.csv holds no records"),
        ("surname,dob\nTestperson,2012-05-17\n", "Person has no column person_id"),
        ("person_id,forename,dob\np1,Grace,2012-05-17\n", "Surname has no column surname"),
        (UK + ROW + ROW, "made-up.csv, record 2: there is a record of this id before it"),
        (UK + ROW.replace("p1", ""), "made-up.csv, record 1: it does not say of which person it is"),
        (UK + ROW.replace("2012-05-17", "May 2012"), "1 of 1 dates of birth cannot be read"),
        (UK + ROW.replace("2012-05-17", ""), "No record has a date of birth"),
        (UK + "1,p1,GP\n", "made-up.csv, line 2: 3 values for 9 columns"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"layout": "german"}, "There is no layout german; there are uk, febrl, historical"),
        ({"columns": {"Shoe": ["size"]}}, "Shoe is none of Person, Record, Source"),
        ({"columns": {"DateOfBirth": ["born"]}}, "DateOfBirth has no column born"),
        ({"columns": {"Person": ["person_id"]}, "person_pattern": "("}, "no regular expression"),
        ({"by": ["origin"]}, "origin is a column that is missing"),
    ],
)
def test_an_option_that_does_not_fit_is_told(tmp_path: Path, told: dict[str, object], words: str) -> None:
    assert words in refusal(tmp_path, UK + ROW, **told)


@pytest.mark.parametrize("content", [b"no parquet at all", b"PAR1 and then nothing"])
def test_what_is_no_parquet_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "made-up.parquet").write_bytes(content)

    with pytest.raises(Unprocessable, match=r"made-up.parquet is no Parquet file"):
        read_set([tmp_path / "made-up.parquet"])


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "made-up.csv").write_bytes(b"\xff\xfe\x00s")

    with pytest.raises(Unprocessable, match="neither Parquet nor UTF-8 text"):
        read_set([tmp_path / "made-up.csv"])
