"""A season's published evidence (`votes/evidence.py`) as what its ratings follow from. Pure: no site, no account.

Counts are taken from the certificates; that these follow from the votes, and carry the site's signature, is what
`gavel verify` says of the same file.
"""

import gzip
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from pydantic import ValidationError

from arena import __version__
from arena.ratings.contracts import Basis, Computed, DuelBasis
from arena.ratings.rules import Method
from arena.shows.rules import RatingRules, Weights
from arena.votes.evidence import Certificate, Seal, SeasonHead
from arena.votes.rules import Tally

TOLERANCE = 0.001
"""Points by which two machines may differ: they add in another order."""


class NotEvidence(ValueError):
    """The file is no evidence of a season, or another one than the snapshot's."""


@dataclass(frozen=True)
class Evidence:
    head: SeasonHead
    certificates: dict[str, Certificate]
    """By ballot."""


def read(body: bytes) -> Evidence:
    """`body` may be gzipped. Raises NotEvidence, which says in which line."""
    text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    lines = text.splitlines()
    try:
        head = SeasonHead.model_validate_json(lines[0] if lines else b"{}")
    except ValidationError as error:
        raise NotEvidence("line 1: a season's evidence begins with its head (`gavel.season.v1`)") from error
    return Evidence(head, dict(_certificates(lines)))


def _certificates(lines: Sequence[bytes]) -> Iterable[tuple[str, Certificate]]:
    for number, line in enumerate(lines, start=1):
        if b'"t":"seal"' not in line:
            continue
        try:
            found = Seal.model_validate_json(line).certificate
        except ValidationError as error:
            raise NotEvidence(
                f"line {number}: this seal cannot be read: {error.errors()[0]['msg']}"
            ) from error
        yield found.ballot, found


def counted(found: Evidence, duel: dict[str, str]) -> DuelBasis | None:
    """A revealed duel as its certificate counts it; None where the evidence has no certificate of its ballot."""
    certificate = found.certificates.get(duel["ballot"])
    if certificate is None:
        return None
    crowd, judges = Tally.of(certificate.count.counted).four, Tally.of(certificate.verdicts).four
    names = {name: duel[name] for name in ("duel", "ballot", "left", "right")}
    return DuelBasis(**names, crowd=crowd, judges=judges)


def basis_of(found: Evidence, house: str) -> Basis:
    """What the ratings follow from by the evidence alone: every revealed duel, weights by the season's rules. Raises
    NotEvidence where that is not enough: style is measured on answers, which are no votes, and what chance a pair had
    is in no vote either."""
    rules = found.head.rules
    declared = RatingRules.model_validate(rules.get("ratings", {}))
    if declared.style_control:
        raise NotEvidence("the season controls for style, which the votes do not tell: give the snapshot too")
    if _may_be_drawn(found, declared):
        raise NotEvidence(
            f"pairs have met more than {declared.rounds} times, so a rule may have drawn some by their doubt, and the "
            "chances that they had are not in the votes: give the snapshot too"
        )
    duels = [counted(found, duel) for duel in found.head.duels]
    known = tuple(duel for duel in duels if duel is not None)
    entries = sorted({house, *(entry for duel in known for entry in (duel.left, duel.right))})
    return Basis(
        code=__version__,
        constants=asdict(Method()),
        weights=Weights.model_validate(rules.get("weights", {})),
        house=house,
        entries=tuple(entries),
        duels=known,
    )


def _may_be_drawn(found: Evidence, declared: RatingRules) -> bool:
    """Whether some duel may have been drawn by doubt: none is before each pair has met `rounds` times."""
    met = Counter(frozenset((duel["left"], duel["right"])) for duel in found.head.duels)
    return any(times > declared.rounds for times in met.values())


def unlike(found: Evidence, basis: Basis) -> list[str]:
    """What a snapshot was computed from and the evidence does not say, one sentence each."""
    revealed = {duel["duel"]: duel for duel in found.head.duels}
    problems = []
    for one in basis.duels:
        duel = revealed.get(one.duel)
        said = counted(found, duel) if duel else None
        if said is None:
            problems.append(f"duel {one.duel}: the evidence has no certified ballot of it")
            continue
        for field in ("ballot", "left", "right", "crowd", "judges"):
            here, there = getattr(one, field), getattr(said, field)
            if here != there:
                problems.append(
                    f"duel {one.duel}: {field} is {here} in the snapshot and {there} in the evidence"
                )
    problems += _unexpected(basis)
    declared = Weights.model_validate(found.head.rules.get("weights", {}))
    if declared != basis.weights:
        problems.append(f"weights: {basis.weights} in the snapshot, {declared} in the season's rules")
    return problems


def _unexpected(basis: Basis) -> list[str]:
    """The chances themselves are not in the votes. But a draw only shares meetings out among the pairs it names: as
    many are expected of these as there were."""
    pairs = {frozenset((one.a, one.b)) for one in basis.expected}
    met = sum(frozenset((duel.left, duel.right)) in pairs for duel in basis.duels)
    expected = sum(one.meetings for one in basis.expected)
    if len(pairs) == len(basis.expected) and abs(expected - met) <= TOLERANCE:
        return []
    return [f"expected: {expected:.3f} meetings in the snapshot, of pairs that have met {met} times"]


def differences(published: Computed, again: Computed) -> list[str]:
    """Where two results are not the same, one sentence each."""
    here, there = ({row.entry: row for row in one.rows} for one in (published, again))
    problems = [f"entry {entry}: only one of both has it" for entry in sorted(here.keys() ^ there.keys())]
    for entry in sorted(here.keys() & there.keys()):
        for field in ("rating", "lo", "hi", "duels", "rank", "rank_to", "reason"):
            was, now = getattr(here[entry], field), getattr(there[entry], field)
            if not _same(was, now):
                problems.append(f"entry {entry}: {field} was published as {was}, and is {now}")
    if (published.duels, published.close_call) != (again.duels, again.close_call):
        problems.append(
            "the number of duels, or whether the first place is too close to call, is another one"
        )
    for old, new in zip(published.effects, again.effects, strict=False):
        if not _same(old.points, new.points):
            problems.append(f"style {old.feature}: published as {old.points} points, and is {new.points}")
    return problems


def _same(was: object, now: object) -> bool:
    if isinstance(was, float) and isinstance(now, float):
        return abs(was - now) <= TOLERANCE
    return was == now
