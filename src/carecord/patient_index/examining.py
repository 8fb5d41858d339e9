"""What may be wrong within one group of records: members that speak against each other, weak bridges."""

from dataclasses import dataclass
from itertools import combinations

from carecord.patient_index.deciding import Verdict, judge
from carecord.patient_index.groups import Pair, connected_parts, pair
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model

LEAST_SIDE = 2
"""Records on either side of a bridge: a single record that one link holds is how most records are held."""


@dataclass(frozen=True, slots=True)
class Member:
    """A record of the group."""

    patient_detail_id: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class Group:
    """Records that are one person, and the links in force between them."""

    members: tuple[Member, ...]
    by_weight: frozenset[Pair]
    by_stewards: frozenset[Pair]

    @property
    def ids(self) -> list[int]:
        return sorted(member.patient_detail_id for member in self.members)


@dataclass(frozen=True, slots=True)
class Bridge:
    """The one pair worth a link between two parts of a group, and how far above the bar it is, in bits."""

    pair: Pair
    strength: float
    sides: tuple[int, int]


Verdicts = dict[Pair, Verdict]


def judge_pairs(model: Model, group: Group) -> Verdicts:
    """What the weights say today of every pair of the group."""
    identities = {member.patient_detail_id: member.identity for member in group.members}
    return {
        pair(a, b): judge(model, identities[a], identities[b], linked=pair(a, b) in group.by_weight)
        for a, b in combinations(group.ids, 2)
    }


def parts(group: Group) -> list[list[int]]:
    """The records that links hold together; one part where all is well."""
    found: dict[int, list[int]] = {}
    for record, root in connected_parts(group.ids, group.by_weight | group.by_stewards).items():
        found.setdefault(root, []).append(record)
    return list(found.values())


def verified_numbers(group: Group) -> int:
    """How many different verified NHS numbers its members have."""
    return len({m.identity.nhs_number for m in group.members if m.identity.nhs_verified})


def speaking_against(group: Group, verdicts: Verdicts) -> list[Pair]:
    """The pairs of members whose weights say that they are not one person.

    Records that a steward has joined speak with one voice: it is enough that one of them agrees.
    """
    unit = connected_parts(group.ids, group.by_stewards)
    between: dict[Pair, list[Pair]] = {}
    for a, b in verdicts:
        if unit[a] != unit[b]:
            between.setdefault(pair(unit[a], unit[b]), []).append((a, b))
    return sorted(
        p for pairs in between.values() if not any(verdicts[p].compatible for p in pairs) for p in pairs
    )


def weak_bridges(group: Group, verdicts: Verdicts, *, bits: float) -> list[Bridge]:
    """The pairs that alone hold two parts together, not `bits` above the bar, and that no steward has linked.

    What is stored are just the links that were needed; here every pair counts that is worth a link.
    """
    agreeing = {p for p, verdict in verdicts.items() if verdict.outcome == "link"} | group.by_stewards
    found = []
    # A bridge of all that agrees is among the stored links, whichever of them were needed.
    for p in sorted(group.by_weight - group.by_stewards):
        if verdicts[p].strength >= bits:
            continue
        part = connected_parts(group.ids, agreeing - {p})
        sides = [sum(root == part[end] for root in part.values()) for end in p]
        if part[p[0]] != part[p[1]] and min(sides) >= LEAST_SIDE:
            found.append(Bridge(p, verdicts[p].strength, (sides[0], sides[1])))
    return found
