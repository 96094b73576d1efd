"""Deny by default: every route declares who may call it, or the portal does not start.

A permission is a FastAPI dependency that is an instance of `Declared`. `accounts.public.allow(...)` makes the ones that ask
who is calling; `signed_link` marks routes where the unforgeable link itself is the permission.
"""

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute


class Declared:
    """Base of all permission dependencies; `name` is what the permission table shows."""

    name: str


class _SignedLink(Declared):
    name = "signed link"

    async def __call__(self) -> None:
        """Nothing to ask: the route reads the link and refuses a forged or expired one."""


signed_link = _SignedLink()


def permissions(route: APIRoute | APIWebSocketRoute) -> list[str]:
    def walk(dependant: Dependant) -> list[str]:
        own: list[str] = [dependant.call.name] if isinstance(dependant.call, Declared) else []
        return own + [name for child in dependant.dependencies for name in walk(child)]

    return walk(route.dependant)


def declared_routes(app: FastAPI | APIRouter) -> dict[str, list[str]]:
    """Every API route with its permissions, e.g. {"GET /api/me": ["person"]}."""
    table: dict[str, list[str]] = {}

    def visit(routes: list[BaseRoute]) -> None:
        for route in routes:
            if isinstance(route, APIRoute):
                for method in sorted(route.methods or ()):
                    table[f"{method} {route.path}"] = permissions(route)
            elif isinstance(route, APIWebSocketRoute):
                table[f"WS {route.path}"] = permissions(route)

    visit(app.routes)
    return table


def refuse_undeclared(app: FastAPI) -> None:
    """Raises RuntimeError naming each route without a declared permission."""
    open_routes = [route for route, names in declared_routes(app).items() if not names]
    if open_routes:
        raise RuntimeError("Routes without a declared permission: " + ", ".join(open_routes))
