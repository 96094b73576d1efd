"""Deny by default: every route declares who may call it, or the portal does not start.

A permission is a FastAPI dependency that is an instance of `Declared`. `accounts.policy.Allow` makes the ones that ask
who is calling; `signed_link` marks routes where the unforgeable link itself is the permission.
"""

from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute


class Declared:
    """Base of all permission dependencies; `name` is what the permission table shows."""

    name: str


class _AskedInside(Declared):
    """The route itself asks, because the answer depends on what the caller brings."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self) -> None:
        """Nothing to ask before the route runs."""


signed_link = _AskedInside("signed link")
per_channel = _AskedInside("per channel")


def permissions(route: APIRoute | APIWebSocketRoute) -> list[str]:
    def walk(dependant: Dependant) -> list[str]:
        # Typed as a plain callable by FastAPI; ours are objects.
        call: object = dependant.call
        own = [call.name] if isinstance(call, Declared) else []
        return own + [name for child in dependant.dependencies for name in walk(child)]

    return walk(route.dependant)


def declared_routes(routers: Iterable[APIRouter]) -> dict[str, list[str]]:
    """Every route with its permissions, e.g. {"GET /me": ["signed in"]}."""
    table: dict[str, list[str]] = {}
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                for method in sorted(route.methods or ()):
                    table[f"{method} {route.path}"] = permissions(route)
            elif isinstance(route, APIWebSocketRoute):
                table[f"WS {route.path}"] = permissions(route)
            else:
                # A mount, or a router inside this one: its permissions cannot be read here, so it has none.
                table[f"{type(route).__name__} {getattr(route, 'path', '')}".strip()] = []
    return table


def refuse_undeclared(routers: Iterable[APIRouter]) -> None:
    """Raises RuntimeError naming each route without a declared permission."""
    open_routes = [route for route, names in declared_routes(routers).items() if not names]
    if open_routes:
        raise RuntimeError("Routes without a declared permission: " + ", ".join(open_routes))
