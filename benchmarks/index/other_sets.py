from in_memory import *
from carecord.patient_index.training import *


def febrl():
    rows = []
    for f in ("a", "b"):
        for r in csv.DictReader(open(f"../shared/data/linkage/febrl4{f}.csv"), skipinitialspace=True):
            r["person_id"] = r["rec_id"].split("-")[1]
            rows.append(r)
    ids = [
        identity_of(
            {
                "Forename": r["given_name"],
                "Surname": r["surname"],
                "DateOfBirth": r["date_of_birth"],
                "PostCode": r["postcode"],
                "AddressLine1": (r["street_number"] + " " + r["address_1"]).strip(),
            }
        )
        for r in rows
    ]
    return rows, ids


def hist():
    rows = []
    for r in pq.read_table("../shared/data/linkage/historical_50k.parquet").to_pylist():
        r["person_id"] = r["cluster"]
        rows.append(r)

    def mid(r):
        t = re.split(r"[ ,]+", r["full_name"] or "")
        f, s = r["first_name"], r["surname"]
        t = [
            x
            for x in t
            if x
            and x not in (f, s)
            and not re.match(r"^\d", x)
            and x
            not in (
                "of",
                "the",
                "baron",
                "sir",
                "earl",
                "baronet",
                "lord",
                "viscount",
                "duke",
                "marquess",
                "bt",
            )
        ]
        return " ".join(t) or None

    ids = [
        identity_of(
            {
                "Forename": r["first_name"],
                "Surname": r["surname"],
                "MiddleNames": mid(r),
                "DateOfBirth": r["dob"],
                "PostCode": r["postcode_fake"],
                "AddressLine1": r["birth_place"],
                "Gender": r["gender"],
            }
        )
        for r in rows
    ]
    return rows, ids


def doc(rows, ids, th, train):
    ix = [i for i in range(len(rows)) if train(i)]
    pid = {}
    s = learn_settings(
        [ids[i] for i in ix],
        [pid.setdefault(rows[i]["person_id"], len(pid)) for i in ix],
        prior=1e-5,
        pairs=3e6,
    )
    return {
        "name": "historical",
        "version": "2026-11",
        "splink": s,
        "relatives": {},
        "term_frequencies": term_frequencies([ids[i] for i in ix]),
        "least_frequency": LEAST_FREQUENCY,
        "blocking": ALL,
        "hot": 300,
        "guards": [],
        "thresholds": th,
    }


if __name__ == "__main__":
    import math

    for name in sys.argv[1:]:
        rows, ids = dict(febrl=febrl, hist=hist)[name]()
        th = dict(
            join=-3,
            stay=-6,
            review=-3,
            relative_join=-99,
            relative_stay=-99,
            relative_review=-99,
            compatible=-14,
            relative_compatible=-99,
            lead=3,
        )
        import hashlib

        half = lambda i: hashlib.md5(str(rows[i]["person_id"]).encode()).digest()[0] % 2 == 0
        d = doc(rows, ids, th, half)
        json.dump(d, open(f".{name}_draft.json", "w"), indent=1)
        sys.exit()
        for cs in d["splink"]["comparisons"]:
            print(cs["output_column_name"])
            for a in cs["comparison_levels"][1:]:
                print(
                    "   %-45s m %.5f u %.6f w %6.2f"
                    % (
                        a["label_for_charts"],
                        a["m_probability"],
                        a["u_probability"],
                        math.log2(a["m_probability"] / a["u_probability"]),
                    )
                )
        m = read_model(d)
        import dataclasses

        pairs, idx, hot = candidates(ids, 300, ALL)
        print(name, "blocked", len(pairs))
        J = [(0, 0, -14), (-3, -3, -14), (-3, -3, -99)]
        for j, r, c in J:
            m2 = dataclasses.replace(
                m,
                thresholds=dataclasses.replace(
                    m.thresholds, join=j, stay=j - 3, review=r, compatible=c, lead=3
                ),
            )
            print(j, r, c, end=" ")
            res = run(m2, ids, [x["person_id"] for x in rows], pairs=pairs)
