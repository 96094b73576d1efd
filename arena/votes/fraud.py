"""Which voters of a ballot are flagged, by the season's rules. Pure: what it is told in, flags out, nothing drawn.

Three questions, each against the rest of the crowd:

* a voter: does somebody always choose one entry, one side, or what the crowd does not? A likelihood ratio over all
  ballots of the season. The sincere voter that it is held against has a taste of their own, so a fan is no cheat.
* a cohort: do voters who came the same way (network, program, moment) choose one thing far more often than the
  others do, and next to nothing else? An exact binomial test, so it sees a cohort in the night in which it comes.
* a clique: do several voters agree with each other, ballot after ballot, far more often than chance makes them?

What is tested often is corrected for it: voters by the number of hypotheses, cohorts by the number of groups and
options, cliques by the number of pairs. A voter's ratio may be looked at after every ballot (Ville's inequality).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

import numpy as np
from numpy.typing import NDArray

from arena.shows.rules import FlagRules

Floats = NDArray[np.float64]

ALWAYS, CONTRARIAN, COHORT, CLIQUE = "always-one", "contrarian", "cohort", "clique"
FAITH = 0.97
"""How often whoever always chooses one thing is expected to do so."""
DEFIANCE = 0.9
"""How much of a contrarian's weight lies against the crowd."""
SAME_GROUP = 0.9
"""Groups that share so much of their voters are one cohort, seen in two ways."""
PAIRS_AT_ONCE = 2048
"""Rows of the agreement matrix that are in memory at once."""


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of a voter beside the votes. Empty words: nothing is known, no cohort is made of it."""

    minted_at: float | None = None
    """Seconds; when the token was signed for the first time."""
    network: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A voter's last word on a ballot."""

    choice: str
    at: float
    """Seconds; of the first word, which a script sends and a change of mind does not move."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One ballot as it is closed."""

    id: str
    opens_at: float
    options: tuple[str, ...]
    votes: Mapping[str, Said]
    """By voter, under the name that links one ballot to the next."""
    subjects: Mapping[str, str]
    """Option -> what it stands for on other ballots, too: the entry on that side."""


@dataclass(frozen=True, slots=True)
class Flag:
    voter: str
    rule: str
    reason: str
    """Numbers for whoever counts again; never what was chosen."""


def flags(rules: FlagRules, polls: Sequence[Poll], devices: Mapping[str, Device]) -> list[Flag]:
    """Of the voters of the last poll. The earlier ones tell who they are; they have been counted."""
    if not polls or len(polls[-1].options) < 2:
        return []
    found: dict[str, Flag] = {}
    now = polls[-1].votes
    polls = [poll for poll in polls if len(poll.options) > 1]
    regulars = {voter for poll in polls[:-1] for voter in poll.votes}
    for flag in (
        *cohorts(rules, polls[-1], devices, regulars),
        *voters(rules, polls),
        *cliques(rules, polls),
    ):
        if flag.voter in now:
            found.setdefault(flag.voter, flag)
    return [found[voter] for voter in sorted(found)]


# --- cohorts ------------------------------------------------------------------------------------------------------


def cohorts(
    rules: FlagRules, poll: Poll, devices: Mapping[str, Device], regulars: Set[str] = frozenset()
) -> list[Flag]:
    """The likeliest group first, by the narrowest way in which it came alike; then what is left without it: so nobody
    is flagged for having stood beside it. `regulars`: who has voted on earlier ballots."""
    groups: dict[frozenset[str], int] = {}
    for way, group in _groups(rules, poll, devices, regulars):
        if len(group) >= rules.cohort_least:
            groups[frozenset(group)] = min(way, groups.get(frozenset(group), way))
    allowed = log(rules.cohort_alpha) - log(max(1, len(groups) * len(poll.options)))
    left = dict(poll.votes)
    found: list[Flag] = []
    while True:
        everybody = _count(poll, left)
        guilty: list[tuple[int, float, list[str], int]] = []
        for whole, way in groups.items():
            among = frozenset(whole & left.keys())
            chance, option = _test(rules, poll, everybody, among)
            if chance <= allowed:
                same = sorted(voter for voter in among if left[voter].choice == option)
                guilty.append((way, chance, same, len(among)))
        if not guilty:
            return found
        _, _, likeliest, _ = min(guilty, key=lambda one: (one[1], one[0], one[2]))
        most = [
            one for one in guilty if len(set(likeliest).intersection(one[2])) >= SAME_GROUP * len(likeliest)
        ]
        _, chance, same, size = min(most)
        reason = f"{size} voters who came alike, {len(same)} of one mind, p<1e{int(chance / log(10))}"
        for voter in same:
            found.append(Flag(voter, COHORT, reason))
            del left[voter]


def _test(
    rules: FlagRules, poll: Poll, everybody: Mapping[str, int], group: Collection[str]
) -> tuple[float, str]:
    """The option that is chosen most beyond chance, and the logarithm of that chance."""
    size = len(group)
    others = sum(everybody.values()) - size
    # A hall that is all there is has nobody to be compared with.
    inside = _count(poll, group) if min(size, others) >= rules.cohort_least else {}
    best = (0.0, "")
    for option, same in inside.items():
        share = _share(everybody[option] - same, others, len(poll.options))
        # Those who chose something else tell how many came this way by chance and chose the same.
        honest = (size - same) * share / (1 - share)
        if same >= rules.cohort_least and same > size * share and honest <= (1 - rules.cohort_purity) * same:
            best = min(best, (_tail(same, size, share), option))
    return best


def _groups(
    rules: FlagRules, poll: Poll, devices: Mapping[str, Device], regulars: Set[str]
) -> Iterable[tuple[int, list[str]]]:
    """Ways of having come alike: where from, with what, when the token was signed, when the vote arrived, and whether
    for the first time. The lower the number the narrower the way."""
    groups: dict[tuple[int, *tuple[object, ...]], list[str]] = defaultdict(list)
    for voter, said in poll.votes.items():
        device = devices.get(voter, Device())
        late = device.minted_at is not None and device.minted_at >= poll.opens_at
        new = bool(regulars) and voter not in regulars
        # Windows that overlap by half: no burst falls between two.
        for shift in (0.0, 0.5):
            if device.minted_at is not None and device.agent:
                minted = shift, int(device.minted_at / rules.burst_seconds + shift), device.agent
                groups[4, *minted].append(voter)
                if device.network:
                    groups[0, *minted, device.network].append(voter)
            groups[6, shift, int(said.at + shift), device.agent, late].append(voter)
            if new:
                groups[5, shift, int(said.at + shift), device.agent].append(voter)
        if device.network:
            groups[1, device.network, device.agent, late].append(voter)
            groups[2, device.network, device.agent].append(voter)
            groups[3, device.network].append(voter)
        if late:
            groups[7, "late", device.agent].append(voter)
        if new:
            groups[7, "new", device.agent].append(voter)
    for (way, *_), group in groups.items():
        yield way, group


def _count(poll: Poll, voters: Iterable[str]) -> dict[str, int]:
    counted = dict.fromkeys(poll.options, 0)
    for voter in voters:
        counted[poll.votes[voter].choice] += 1
    return counted


def _share(chosen: float, of: float, options: int) -> float:
    """As if everybody outside had been joined by one more voter for each option: never nothing, never all."""
    return (chosen + 1) / (of + options)


def _tail(least: int, n: int, p: float) -> float:
    """The logarithm of the chance of `least` or more among `n`, exact."""
    terms = [
        lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p)
        for k in range(least, n + 1)
    ]
    if not terms:
        return float("-inf")
    most = max(terms)
    return min(0.0, most + log(sum(exp(term - most) for term in terms)))


# --- voters -------------------------------------------------------------------------------------------------------


def voters(rules: FlagRules, polls: Sequence[Poll]) -> list[Flag]:
    """Who of the last poll is far better explained by always choosing one thing, or by going against the crowd, than by
    voting as the crowd does with a taste of their own."""
    names = sorted(polls[-1].votes)
    row = {voter: number for number, voter in enumerate(names)}
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    always: dict[str, _Always] = {}
    against, took_part = np.zeros(len(names)), np.zeros(len(names), dtype=int)
    for poll in polls:
        share = _crowd(poll)
        contrary = _contrary(poll, share)
        known = poll.votes.keys() & row.keys()
        rows = np.array([row[voter] for voter in known], dtype=int)
        choices = [poll.votes[voter].choice for voter in known]
        took_part[rows] += 1
        against[rows] += [log(contrary[choice] / share[choice]) for choice in choices]
        for name, options in _hypotheses(poll).items():
            chosen = np.array([choice in options for choice in choices], dtype=bool)
            begun = _Always(len(names), nodes * rules.taste, np.log(weights / weights.sum()))
            always.setdefault(name, begun).see(rows, chosen, sum(share[option] for option in options))
    found: list[tuple[float, Flag]] = []
    for hypothesis in always.values():
        ratio, least = hypothesis.ratio(), -log(rules.voter_alpha / len(always))
        for one in np.flatnonzero((hypothesis.seen >= rules.voter_least) & (ratio >= least)):
            flag = Flag(names[one], ALWAYS, _odds(int(hypothesis.seen[one]), float(ratio[one])))
            found.append((-float(ratio[one]), flag))
    for one in np.flatnonzero((took_part >= rules.voter_least) & (against >= -log(rules.voter_alpha))):
        flag = Flag(names[one], CONTRARIAN, _odds(int(took_part[one]), float(against[one])))
        found.append((-float(against[one]), flag))
    found.sort(key=lambda said: (said[0], said[1].voter))
    return [flag for _, flag in found]


def _hypotheses(poll: Poll) -> dict[str, set[str]]:
    """What one could always choose, on this ballot: a side, or the entry that stands on it."""
    found = {option: {option} for option in poll.options} if poll.subjects else {}
    for option, subject in poll.subjects.items():
        found.setdefault(f"entry:{subject}", set()).add(option)
    return found


class _Always:
    """For every voter: how well "always this" and "sincere, with some taste for it" explain what was chosen."""

    def __init__(self, voters: int, tastes: Floats, weights: Floats) -> None:
        self.seen = np.zeros(voters, dtype=int)
        self._tastes = tastes
        self._sincere = np.tile(weights, (voters, 1))
        self._always = np.zeros(voters)

    def see(self, rows: NDArray[np.int64], chosen: NDArray[np.bool_], share: float) -> None:
        share = min(max(share, 1e-3), 1 - 1e-3)
        yes = -np.logaddexp(0, -(log(share / (1 - share)) + self._tastes))
        no = np.log1p(-np.exp(yes))
        self.seen[rows] += 1
        self._sincere[rows] += np.where(chosen[:, None], yes, no)
        self._always[rows] += np.where(chosen, log(FAITH), log(1 - FAITH))

    def ratio(self) -> Floats:
        """The logarithm of the likelihood ratio."""
        ratio: Floats = self._always - np.logaddexp.reduce(self._sincere, axis=1)
        return ratio


def _odds(ballots: int, ratio: float) -> str:
    return f"{ballots} ballots, likelihood ratio 1e{int(ratio / log(10))}"


def _crowd(poll: Poll) -> dict[str, float]:
    counted = _count(poll, poll.votes)
    return {option: _share(counted[option], len(poll.votes), len(poll.options)) for option in poll.options}


def _contrary(poll: Poll, share: Mapping[str, float]) -> dict[str, float]:
    """What somebody chooses who wants what the crowd does not: the two leading options change places."""
    first, second = sorted(poll.options, key=lambda option: -share[option])[:2]
    both = share[first] + share[second]
    most = max(DEFIANCE, share[first] / both)
    return dict(share) | {first: both * (1 - most), second: both * most}


# --- cliques ------------------------------------------------------------------------------------------------------


def cliques(rules: FlagRules, polls: Sequence[Poll]) -> list[Flag]:
    """Voters who agree with at least `clique_least` − 1 others of the same kind, each pair beyond chance."""
    names = sorted(
        voter for voter in polls[-1].votes if sum(voter in poll.votes for poll in polls) >= rules.voter_least
    )
    if len(names) < rules.clique_least:
        return []
    linked = _agreeing(rules, names, polls)
    # Until everybody who is left agrees with enough of those who are left.
    left = set(range(len(names)))
    while True:
        few = {one for one in left if len(linked[one] & left) < rules.clique_least - 1}
        if not few:
            break
        left -= few
    return [
        Flag(names[one], CLIQUE, f"agrees with {len(linked[one] & left)} others beyond chance")
        for one in sorted(left)
    ]


def _agreeing(rules: FlagRules, names: Sequence[str], polls: Sequence[Poll]) -> list[set[int]]:
    """For each voter those with whom agreement is beyond chance, corrected for all pairs.

    By chance a pair agrees as two voters of the crowd do, on the ballots on which both voted. The binomial with the
    mean of these chances has a tail at least as heavy as their sum, so nobody is flagged for what all say.
    """
    number = len(names)
    columns: dict[tuple[str, str], int] = {}
    for poll in polls:
        for option in poll.options:
            columns[poll.id, option] = len(columns)
    said = np.zeros((number, len(columns)), dtype=np.float32)
    part = np.zeros((number, len(polls)), dtype=np.float32)
    for row, voter in enumerate(names):
        for ballot, poll in enumerate(polls):
            if voter in poll.votes:
                said[row, columns[poll.id, poll.votes[voter].choice]] = 1
                part[row, ballot] = 1
    agree = np.array([sum(share**2 for share in _crowd(poll).values()) for poll in polls], dtype=np.float32)
    allowed = log(rules.clique_alpha) - log(number * (number - 1) / 2)
    linked: list[set[int]] = [set() for _ in range(number)]
    known: dict[tuple[int, int, int], bool] = {}
    for start in range(0, number, PAIRS_AT_ONCE):
        rows = slice(start, start + PAIRS_AT_ONCE)
        same = np.rint(said[rows] @ said.T).astype(int)
        both = np.rint(part[rows] @ part.T).astype(int)
        expected = (part[rows] * agree) @ part.T
        # Two and a half standard errors are the least that any correction would let pass.
        wide = same >= expected + 2.5 * np.sqrt(np.maximum(expected, 0.01) * 0.2)
        for row, other in np.argwhere(wide & (both >= rules.voter_least)):
            mine = start + int(row)
            if mine == other:
                continue
            n, k = int(both[row, other]), int(same[row, other])
            mean = round(1000 * float(expected[row, other]) / n) + 1
            key = (n, k, mean)
            if key not in known:
                known[key] = _tail(k, n, min(mean / 1000, 0.999)) <= allowed
            if known[key]:
                linked[mine].add(int(other))
    return linked
