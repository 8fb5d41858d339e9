"""A pair weighs the same from either side, and its own identity never less than another's."""

from hypothesis import given
from hypothesis import strategies as st

from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.scoring import load_model, score

NAMES = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "Grace",
            "Gracie",
            "Grcae",
            "G",
            "Testperson",
            "Test-Person",
            "Abdul Rahman",
            "Abdulrahman",
            "Baby",
            "Ada",
        ]
    ),
    st.text(alphabet="ABEILNORST -'", max_size=8),
)
LINES = st.one_of(st.none(), st.sampled_from(["1 High Street", "High Street 1", "2 High Street", "Newtown"]))
IDENTITIES = st.builds(
    lambda **sent: identity_of(sent),
    NhsNumber=st.sampled_from([None, "9990123454", "9991002006"]),
    NhsNumberVerificationStatus=st.sampled_from(["01", "02", "04"]),
    Forename=NAMES,
    MiddleNames=NAMES,
    Surname=NAMES,
    PreviousSurname=NAMES,
    DateOfBirth=st.sampled_from([None, "2012-05-17", "2012-17-05", "2012-05-18", "2012-01-01", "1981-11-30"]),
    Gender=st.sampled_from(["1", "2", "9"]),
    PostCode=st.sampled_from([None, "XX1 1AA", "XX1 1AB", "XX1 2ZZ", "ZZ99 3VZ"]),
    AddressLine1=LINES,
    AddressLine2=LINES,
    MobileTelephone=st.sampled_from([None, "07700 900123", "07700 900456"]),
)


@given(IDENTITIES, IDENTITIES)
def test_a_pair_weighs_the_same_from_either_side(a: Identity, b: Identity) -> None:
    model = load_model()

    forth, back = score(model, a, b), score(model, b, a)

    assert forth.levels == back.levels
    assert (forth.weight, forth.relative_weight) == (back.weight, back.relative_weight)
