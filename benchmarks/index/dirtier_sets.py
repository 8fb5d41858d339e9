from in_memory import *
import random


def typo(s, r):
    if not s or len(s) < 3:
        return s
    i = r.randrange(len(s) - 1)
    k = r.random()
    if k < 0.35:
        return s[:i] + s[i + 1] + s[i] + s[i + 2 :]
    if k < 0.65:
        return s[:i] + s[i + 1 :]
    if k < 0.85:
        return s[:i] + r.choice("AEIOULNRST") + s[i + 1 :]
    return s[:i] + s[i] + s[i:]


NICK = {}


def dirty(rows, seed, rate=1.0, nomiddle=0.2):
    r = random.Random(seed)
    out = []
    homes = [(x["postcode"], x["address_line"]) for x in rows]
    nums = [x["nhs_number"] for x in rows if x["nhs_number"]]
    hh = collections.defaultdict(list)
    for x in rows:
        hh[x["household"]].append(x)
    for x in rows:
        x = dict(x)
        p = lambda q: r.random() < q * rate
        if p(0.045):
            x["nhs_number"] = None
        if p(0.001):
            x["nhs_number"] = (
                r.choice(hh[x["household"]])["nhs_number"] if r.random() < 0.6 else r.choice(nums)
            )
        if p(0.01):
            x["forename"] = typo(x["forename"], r)
        if p(0.01):
            x["surname"] = typo(x["surname"], r)
        if p(0.02) and x["forename"]:
            x["forename"] = x["forename"][0]
        if p(0.005) and x["middle_name"]:
            x["forename"] = x["middle_name"]
        if p(0.003):
            x["forename"], x["surname"] = x["surname"], x["forename"]
        if p(0.02) and x["sex"] == "F":
            x["surname"] = r.choice(rows)["surname"]
        if p(0.01) and x["dob"]:
            i = r.choice([2, 3, 5, 6, 8, 9])
            x["dob"] = x["dob"][:i] + str(r.randrange(10)) + x["dob"][i + 1 :]
        if p(0.004) and x["dob"]:
            x["dob"] = x["dob"][:5] + "01-01"
        if p(0.004) and x["dob"] and int(x["dob"][8:]) <= 12:
            x["dob"] = x["dob"][:5] + x["dob"][8:] + "-" + x["dob"][5:7]
        if p(0.06):
            x["postcode"], x["address_line"] = r.choice(homes)
        if p(0.01):
            x["postcode"] = typo(x["postcode"], r)
        if p(0.006):
            x["postcode"] = "ZZ99 3VZ"
        if p(0.01):
            x["sex"] = "U"
        if p(0.1):
            x["mobile"] = None
        if r.random() < nomiddle:
            x["middle_name"] = None
        if x["dob"] and x["dob"] > "2025-11" and p(0.15):
            x["forename"] = r.choice(["BABY", "TWIN ONE", "BABY GIRL", "INFANT", "TWIN TWO"])
        if p(0.003):
            x["forename"] = None
        out.append(x)
    return out


if __name__ == "__main__":
    m = read_model(json.load(open("..json")))
    base = load(keep=lambda r: r["household"] % 2 == 1)
    for rate, nm in [(1, 0.2), (1, 1.0)]:
        rows = dirty(base, 7, rate, nm)
        ids = [ident(r) for r in rows]
        print(rate, nm, flush=True)
        res, mixed, tasks, T, P, R, pairs = run(m, ids, [r["person_id"] for r in rows])
        print(
            collections.Counter(
                (t.reasons, rows[t.pair[0]]["person_id"] == rows[t.pair[1]]["person_id"]) for t in tasks
            ).most_common(9)
        )
        for t in [
            t for t in tasks if not t.reasons and rows[t.pair[0]]["person_id"] == rows[t.pair[1]]["person_id"]
        ][:12]:
            a, b = t.pair
            x = t.verdict.score
            print(
                round(x.weight, 1),
                round(x.relative_weight, 1),
                "; ".join(c.levels[l].label for c, l in zip(COMPARISONS, x.levels) if l >= 0),
            )
        for v in mixed[:6]:
            print("MIXED")
            [show(rows[i]) for i in v]
