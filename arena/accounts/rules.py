"""Roles and what they may do: the whole table on one screen. Default is deny."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    CONTESTANT = "contestant"
    PRODUCER = "producer"
    JUDGE = "judge"
    MODERATOR = "moderator"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Permission(StrEnum):
    PUBLIC = "public"
    """Anybody, an anonymous viewer included."""
    SIGNED_IN = "signed in"
    SUBMIT = "submit"
    PRODUCE = "produce"
    JUDGE = "judge"
    INVITE = "invite"
    SEE_NODES = "see nodes"
    RUN_NODES = "run nodes"
    """Add, drain, recycle and remove engine nodes."""
    SEE_METRICS = "see metrics"
    """How the machines do and how often what was refused; Prometheus asks with the operator's token."""
    MODERATE = "moderate"
    AGREE = "agree"
    """Be the second person that some commands of a show take."""
    SCORE = "decide scores"
    """Order benchmark runs, judge answers again, void and set scores."""


GRANTED: dict[Permission, frozenset[Role]] = {
    Permission.SIGNED_IN: frozenset(Role),
    Permission.SUBMIT: frozenset({Role.CONTESTANT}),
    Permission.PRODUCE: frozenset({Role.PRODUCER}),
    Permission.JUDGE: frozenset({Role.JUDGE}),
    Permission.INVITE: frozenset({Role.PRODUCER, Role.OPERATOR}),
    Permission.SEE_NODES: frozenset({Role.PRODUCER, Role.OPERATOR}),
    Permission.RUN_NODES: frozenset({Role.PRODUCER, Role.OPERATOR}),
    Permission.SEE_METRICS: frozenset({Role.OPERATOR}),
    Permission.MODERATE: frozenset({Role.MODERATOR, Role.PRODUCER}),
    # A site with one producer has an operator, too.
    Permission.AGREE: frozenset({Role.PRODUCER, Role.MODERATOR, Role.OPERATOR}),
    Permission.SCORE: frozenset({Role.PRODUCER, Role.OPERATOR}),
}

INVITABLE: dict[Role, frozenset[Role]] = {
    Role.PRODUCER: frozenset({Role.JUDGE, Role.MODERATOR, Role.PRODUCER}),
    Role.OPERATOR: frozenset(Role) - {Role.OPERATOR},
}
"""Who may invite whom. An auditor must not owe the role to the producers he audits."""


def may(roles: Iterable[str], permission: Permission) -> bool:
    if permission is Permission.PUBLIC:
        return True
    return not GRANTED[permission].isdisjoint(Role(role) for role in roles)


def may_invite(roles: Iterable[str], role: Role) -> bool:
    return any(role in INVITABLE.get(Role(own), frozenset()) for own in roles)
