import json, sys, collections, itertools, random
from ixlab import *
from carecord.patient_index.guards import GUARDS
from carecord.patient_index.training import *
from carecord.patient_index.comparing import COMPARISONS, NOTHING

rows = load(keep=lambda r: r["household"] % 2 == 0)
ids = [ident(r) for r in rows]
s = learn_settings(ids, [r["person_id"] for r in rows], prior=1e-5, pairs=1e7)
# relatives: pairs of different persons in one household
hh = collections.defaultdict(list)
for i, r in enumerate(rows):
    hh[r["household"]].append(i)
u = [collections.Counter() for _ in COMPARISONS]
for v in hh.values():
    for a, b in itertools.combinations(v, 2):
        if rows[a]["person_id"] != rows[b]["person_id"]:
            for p, l in enumerate(compare(ids[a], ids[b])):
                if l != NOTHING:
                    u[p][l] += 1
rel = {}
for p, cmp in enumerate(COMPARISONS):
    n = sum(u[p].values())
    rel[cmp.name] = [
        float("%.5g" % ((u[p][l] + 0.5) / (n + 0.5 * len(cmp.levels)))) for l in range(len(cmp.levels))
    ]
tf = term_frequencies(ids)
doc = {
    "name": "uk",
    "version": "2026-11",
    "splink": s,
    "relatives": rel,
    "term_frequencies": tf,
    "least_frequency": LEAST_FREQUENCY,
    "blocking": UK,
    "hot": 200,
    "guards": [g.name for g in GUARDS],
    "thresholds": dict(
        join=10,
        stay=7,
        review=4,
        relative_join=6,
        relative_stay=4,
        relative_review=2,
        compatible=-5,
        relative_compatible=-3,
        lead=3,
    ),
}
json.dump(doc, open("..json", "w"), indent=1)
