"""What the rules that flag votes find, and whom they wrong: simulated seasons, the season's own rules.

Nobody here is a person. Sincere voters have tastes, drop out, come late, sit in one hall and behind one carrier's
address; how an evening's luck falls is the same for all of them. Attackers are what the literature and an honest guess
know; what they cost to find, and which are not found, is printed.
"""

import random
from dataclasses import dataclass, field, replace
from math import exp, sqrt

from arena.cli.bench import Figure, figure
from arena.shows.rules import FlagRules
from arena.votes import fraud
from arena.votes.fraud import Device, Poll, Said

SEASONS = 24
COHORTS = 40
"""Attacked ballots of each style and size."""
DUELS = 40
ENTRIES = 8
VOTERS = 400
LUCK = 0.8
"""Logits: how far one duel's answers differ from what the entries are worth."""
TASTE = 0.5
APART = 300.0
SECONDS = 60.0
CHOICES = ("left", "right", "tie", "both_bad")
AGENTS = ("ios", "android", "wechat", "desktop")
STYLES = ("farm", "aged", "proxies", "carrier", "wave")
"""One network and program, tokens signed after the vote has opened; the same, signed the day before; a network each,
signed and sent within a minute; behind the address from which sincere voters come late; all old tokens from elsewhere,
the votes within one second."""
PATIENT = "patient"
"""Old tokens from elsewhere, votes at the pace of sincere ones: on the first evening nothing tells them apart."""
SIZES = (20, 50, 100, 200)


@dataclass
class Voter:
    name: str
    device: Device
    tastes: dict[str, float]
    first: int
    last: int
    diligence: float
    policy: str = ""
    """Empty: sincere."""


@dataclass
class Season:
    """Duels one after another, and who votes in them."""

    chance: random.Random
    voters: list[Voter] = field(default_factory=list)
    worth: dict[str, float] = field(default_factory=dict)

    @property
    def devices(self) -> dict[str, Device]:
        return {voter.name: voter.device for voter in self.voters}

    def poll(self, number: int) -> Poll:
        left, right = self.chance.sample(sorted(self.worth), 2)
        edge = self.worth[left] - self.worth[right] + self.chance.gauss(0, LUCK)
        opens = number * APART
        votes = {}
        for voter in self.voters:
            if voter.first <= number <= voter.last and self.chance.random() < voter.diligence:
                at = opens + min(SECONDS, self.chance.lognormvariate(2, 0.7))
                votes[voter.name] = Said(self._choice(voter, left, right, edge), at)
        return Poll(f"b{number}", opens, CHOICES, votes, {"left": left, "right": right})

    def _choice(self, voter: Voter, left: str, right: str, edge: float) -> str:
        best, *others = sorted(self.worth)
        crowd = "left" if edge > 0 else "right"
        if voter.policy == "random":
            return self.chance.choice(("left", "right"))
        if voter.policy == "contrarian" and self.chance.random() < 0.9:
            return "right" if crowd == "left" else "left"
        if voter.policy in ("always-one", "omnipresent") and best in (left, right):
            return "left" if left == best else "right"
        if voter.policy == "omnipresent":
            # Where the favourite is not on stage, whoever is nearest to it in worth shall lose.
            rank = sorted(others, key=lambda entry: abs(self.worth[entry] - self.worth[best]))
            return "right" if rank.index(left) < rank.index(right) else "left"
        odds = edge + voter.tastes[left] - voter.tastes[right]
        if (drawn := self.chance.random()) < 0.13:
            return "tie" if drawn < 0.08 else "both_bad"
        return "left" if self.chance.random() < 1 / (1 + exp(-odds)) else "right"


def season(seed: int, voters: int = VOTERS, duels: int = DUELS) -> Season:
    chance = random.Random(seed)
    entries = [f"e{number}" for number in range(ENTRIES)]
    made = Season(chance, worth={entry: chance.gauss(0, 0.7) for entry in entries})
    # A hall is of one mind more than chance makes it; so are those behind one address.
    leanings = {place: {entry: chance.gauss(0, 0.3) for entry in entries} for place in ("hall", "carrier")}
    for number in range(voters):
        late = chance.random() < 0.2
        place = ("carrier" if chance.random() < 0.6 else "") if late else ""
        place = place or ("hall" if chance.random() < 0.4 else f"home-{chance.randrange(voters)}")
        first = chance.randrange(1, duels) if late else 0
        minted = first * APART + chance.uniform(-200, 40) if late else -chance.expovariate(1 / 1200)
        lean = leanings.get(place, {})
        made.voters.append(
            Voter(
                name=f"v{number}",
                device=Device(minted, place, chance.choices(AGENTS, (45, 30, 15, 10))[0]),
                tastes={entry: chance.gauss(0, TASTE) + lean.get(entry, 0) for entry in entries},
                first=first,
                last=duels if chance.random() < 0.6 else chance.randrange(first, duels),
                diligence=chance.uniform(0.6, 1),
            )
        )
    return made


def joined(season: Season, policy: str, number: int = 5) -> list[str]:
    """Attackers that go on through the whole season, each from a place of their own."""
    names = [f"{policy}-{one}" for one in range(number)]
    for name in names:
        device = Device(-season.chance.expovariate(1 / 1200), f"net-{name}", "android")
        tastes = dict.fromkeys(season.worth, 0.0)
        season.voters.append(Voter(name, device, tastes, 0, DUELS, 0.95, policy))
    return names


def attacked(poll: Poll, devices: dict[str, Device], style: str, size: int, chance: random.Random) -> Poll:
    """`size` voters more, for the side that would lose: most would pay for that."""
    sides = ("left", "right")
    target = min(sides, key=lambda side: sum(said.choice == side for said in poll.votes.values()))
    wave = poll.opens_at + chance.uniform(5, 50)
    bots: dict[str, Said] = {}
    for number in range(size):
        name = f"bot-{number}"
        network = {"farm": "farm", "aged": "farm", "carrier": "carrier"}.get(style, f"proxy-{number}")
        minted = poll.opens_at + chance.uniform(1, 40)
        if style == "aged":
            minted = -86_400 + chance.uniform(0, 20_000)
        elif style in ("wave", PATIENT):
            minted = -chance.uniform(0, 20_000)
        late = minted + chance.uniform(1, 15)
        at = wave + chance.uniform(0, 0.8) if style == "wave" else max(late, wave)
        agent = chance.choices(AGENTS, (45, 30, 15, 10))[0] if style == PATIENT else "android"
        if style == PATIENT:
            at = poll.opens_at + min(SECONDS, chance.lognormvariate(2, 0.7))
        devices[name] = Device(minted, network, agent)
        # Two in a hundred scripts go wrong.
        bots[name] = Said(target if chance.random() < 0.98 else "tie", at)
    return replace(poll, votes=dict(poll.votes) | bots)


def caught(
    style: str, size: int, rules: FlagRules, times: int = COHORTS, first: bool = False
) -> tuple[int, int, int]:
    """Cohorts of which nine in ten were flagged; sincere voters who were flagged with them, of how many.
    `first`: on the season's first ballot, where everybody is new."""
    found = wronged = sincere = 0
    for seed in range(times):
        chance = random.Random(f"{style}-{size}-{seed}")
        crowd = season(10_000 + seed)
        number = 0 if first else chance.randrange(3, DUELS)
        regulars = {voter for earlier in range(number) for voter in crowd.poll(earlier).votes}
        poll = crowd.poll(number)
        devices = crowd.devices
        poll = attacked(poll, devices, style, size, chance)
        flagged = {flag.voter for flag in fraud.cohorts(rules, poll, devices, regulars)}
        bots = sum(voter.startswith("bot-") for voter in flagged)
        found += bots >= 0.9 * size
        wronged += len(flagged) - bots
        sincere += len(poll.votes) - size
    return found, wronged, sincere


def whole(seed: int, rules: FlagRules, policy: str = "", every: int = 4) -> tuple[set[str], list[str], int]:
    """Whom the rules flag in a season that is looked at after every vote: sincere ones, attackers, and how many are
    sincere. Rules about the whole season are asked after every fourth vote, for what they say grows with it."""
    made = season(seed)
    attackers = joined(made, policy, 20 if policy == "omnipresent" else 5) if policy else []
    polls: list[Poll] = []
    flagged: set[str] = set()
    for number in range(DUELS):
        poll = made.poll(number)
        polls.append(poll)
        if len(polls) % every:
            regulars = {voter for earlier in polls[:-1] for voter in earlier.votes}
            flagged |= {flag.voter for flag in fraud.cohorts(rules, poll, made.devices, regulars)}
        else:
            flagged |= {flag.voter for flag in fraud.flags(rules, polls, made.devices)}
    voted = {voter for poll in polls for voter in poll.votes}
    return flagged - set(attackers), [one for one in attackers if one in flagged], len(voted - set(attackers))


def figures() -> list[Figure]:
    rules = FlagRules()
    said = []
    together = [0, 0]
    for size in SIZES:
        by_style = {style: caught(style, size, rules) for style in STYLES}
        found = sum(one[0] for one in by_style.values())
        if size == 100:
            together = [sum(one[1] for one in by_style.values()), sum(one[2] for one in by_style.values())]
        words = ", ".join(f"{style} {one[0]}/{COHORTS}" for style, one in by_style.items())
        said.append(
            share(
                f"cohorts of {size} flagged ({words})",
                found,
                COHORTS * len(STYLES),
                0.95 if size >= 100 else 0,
            )
        )
    for first, words in ((True, "on the first ballot, where everybody is new"), (False, "later")):
        found, _, _ = caught(PATIENT, 100, rules, first=first)
        said.append(share(f"patient cohorts of 100 flagged, {words}", found, COHORTS, 0))
    wronged = voters = 0
    for seed in range(SEASONS):
        one, _, all_of = whole(seed, rules)
        wronged, voters = wronged + len(one), voters + all_of
    said.append(
        share(
            f"sincere voters flagged in {SEASONS} seasons without attack", wronged, voters, 0.001, most=True
        )
    )
    said.append(
        share("sincere votes flagged beside a cohort of 100", together[0], together[1], 0.001, most=True)
    )
    for policy in ("always-one", "contrarian", "omnipresent", "random"):
        found = attackers = 0
        for seed in range(SEASONS):
            _, flagged, _ = whole(1000 + seed, rules, policy, every=DUELS)
            found, attackers = found + len(flagged), attackers + (20 if policy == "omnipresent" else 5)
        said.append(share(f"{policy} attackers flagged by the end of {DUELS} duels", found, attackers, 0))
    return said


def share(name: str, hits: int, of: int, aim: float, most: bool = False) -> Figure:
    """With its 95 % interval (Wilson)."""
    low, high = wilson(hits, of)
    name = f"{name}: {hits} of {of}, 95 % interval {100 * low:.2f}–{100 * high:.2f} %"
    return figure(name, hits / of, "", 1, aim, of="value", least=not most)


def wilson(hits: int, of: int) -> tuple[float, float]:
    z = 1.96
    middle = (hits + z * z / 2) / (of + z * z)
    half = z * sqrt(hits * (of - hits) / of + z * z / 4) / (of + z * z)
    return max(0.0, middle - half), min(1.0, middle + half)
