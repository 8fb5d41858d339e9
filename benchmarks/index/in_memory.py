from ixlab import *
from carecord.patient_index.scoring import *
from carecord.patient_index.deciding import *
from carecord.patient_index.comparing import COMPARISONS


def components(n, edges):
    par = list(range(n))

    def f(x):
        while par[x] != x:
            par[x] = par[par[x]]
            x = par[x]
        return x

    for a, b in edges:
        par[f(a)] = f(b)
    c = collections.defaultdict(list)
    for i in range(n):
        c[f(i)].append(i)
    return c


def run(m, ids, persons, cap=300, verbose=True, pairs=None, idsx=None):
    t0 = time.time()
    if pairs is None:
        pairs, _, hot = candidates(ids, cap)
    t1 = time.time()
    edges = [(a, b) for a, b in pairs if judge(m, ids[a], ids[b]).outcome != "apart"]
    t2 = time.time()
    comps = components(len(ids), edges)
    group = {}
    tasks = []
    links = {}
    for c in comps.values():
        if len(c) == 1:
            group[c[0]] = c[0]
            continue
        s = settle(m, {i: ids[i] for i in c}, names={i: (0, "%09d" % i) for i in c})
        group.update(s.group)
        tasks += list(s.tasks.values())
        links.update(s.links)
    t3 = time.time()
    by = collections.defaultdict(list)
    for i, p in enumerate(persons):
        by[p].append(i)
    T = {(a, b) for v in by.values() for a, b in itertools.combinations(v, 2)}
    G = collections.defaultdict(list)
    for i, g in group.items():
        G[g].append(i)
    G = list(G.values())
    P = {(a, b) for v in G for a, b in itertools.combinations(sorted(v), 2)}
    tp = len(T & P)
    fp = len(P) - tp
    mixed = [v for v in G if len({persons[i] for i in v}) > 1]
    good = [t for t in tasks if persons[t.pair[0]] == persons[t.pair[1]]]
    rc = components(len(ids), list((v[0], x) for v in G for x in v[1:]) + [t.pair for t in good])
    R = {(a, b) for v in rc.values() for a, b in itertools.combinations(sorted(v), 2)}
    res = dict(
        n=len(ids),
        pairs=len(pairs),
        true=len(T),
        precision=tp / max(1, len(P)),
        recall=tp / len(T),
        f1=2 * tp / (len(P) + len(T)),
        false_links=fp,
        mixed=len(mixed),
        recall_with_review=len(R & T) / len(T),
        blocking=len(T & set(pairs)) / len(T),
        review_per_100k=len(tasks) / len(ids) * 1e5,
        tasks_true=len(good) / max(1, len(tasks)),
        maxcomp=max(map(len, comps.values())),
        false_autolinks=sum(persons[a] != persons[b] for a, b in links),
        t=[round(x, 1) for x in (t1 - t0, t2 - t1, t3 - t2)],
    )
    if verbose:
        print(json.dumps(res))
    return res, mixed, tasks, T, P, R, set(pairs)


def show(r):
    print(
        "   ",
        r["household"],
        r["person_id"],
        r["source"],
        r["nhs_number"],
        r["forename"],
        "|",
        r["middle_name"],
        "|",
        r["surname"],
        r["dob"],
        r["sex"],
        r["postcode"],
        "|",
        r["address_line"],
        r["mobile"],
    )


if __name__ == "__main__":
    m = read_model(json.load(open("..json")))
    rows = load(keep=lambda r: r["household"] % 2 == 1)
    ids = [ident(r) for r in rows]
    res, mixed, tasks, T, P, R, pairs = run(m, ids, [r["person_id"] for r in rows])
    for v in mixed:
        print("MIXED")
        [show(rows[i]) for i in v]
    print(
        collections.Counter(
            (t.reasons, rows[t.pair[0]]["person_id"] == rows[t.pair[1]]["person_id"]) for t in tasks
        ).most_common()
    )
    miss = list(T - P)
    print("missed auto", len(miss), "missed with review", len(T - R), "unblocked", len(T - pairs))

    def lab(s):
        return "; ".join(c.levels[l].label for c, l in zip(COMPARISONS, s.levels) if l >= 0)

    for a, b in list(T - R)[:25]:
        s = score(m, ids[a], ids[b])
        print((a, b) in pairs, round(s.weight, 1), round(s.relative_weight, 1), lab(s))
        show(rows[a])
        show(rows[b])
    print("FALSE TASKS")
    ft = [t for t in tasks if rows[t.pair[0]]["person_id"] != rows[t.pair[1]]["person_id"]]
    random.seed(2)
    for t in random.sample(ft, min(15, len(ft))):
        a, b = t.pair
        s = t.verdict.score
        print(t.reasons, round(s.weight, 1), round(s.relative_weight, 1), lab(s))
        show(rows[a])
        show(rows[b])
