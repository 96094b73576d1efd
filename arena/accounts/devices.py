"""What is kept of a viewer's phone, so that a crowd that came alike can be told from a crowd: as little as does."""

import hmac
import re
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from arena.accounts.models import Device, Person
from arena.kit.db import db_now
from arena.kit.site import Site

FAMILIES = {
    "wechat": r"MicroMessenger",
    "edge": r"Edg[A-Z]?/",
    "firefox": r"Firefox/|FxiOS/",
    "opera": r"OPR/",
    "chrome": r"Chrome/|CriOS/",
    "safari": r"Safari/",
}
SYSTEMS = {
    "ios": r"iPhone|iPad",
    "android": r"Android",
    "windows": r"Windows",
    "mac": r"Macintosh",
    "linux": r"Linux",
}


async def remember(request: Request, session: AsyncSession, device: str, life: timedelta) -> None:
    """As it was when its token was signed first; a token that is signed again lives longer."""
    site: Site = request.app.state.site
    now = await db_now(session)
    key = f"networks {now:%Y-%m}".encode() + site.settings.secret_key.get_secret_value().encode()
    prefix = prefix_of(request.client.host if request.client else "")
    row = insert(Device).values(
        device=device,
        network=hmac.new(key, prefix.encode(), sha256).hexdigest()[:16] if prefix else "",
        agent=agent_of(request.headers.get("user-agent", "")),
        expires_at=now + life,
    )
    longer = row.on_conflict_do_update(index_elements=["device"], set_={"expires_at": now + life})
    await session.execute(longer)


def prefix_of(address: str) -> str:
    """/24 or /48; nothing for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


def agent_of(header: str) -> str:
    """Family and system; whatever names neither is one family, too."""
    family = next((name for name, sign in FAMILIES.items() if re.search(sign, header)), "other")
    return f"{family}/{next((name for name, sign in SYSTEMS.items() if re.search(sign, header)), 'other')}"


async def forget_devices(session: AsyncSession) -> None:
    await session.execute(delete(Device).where(Device.expires_at < func.clock_timestamp()))


async def known_devices(session: AsyncSession) -> dict[str, tuple[float, str, str]]:
    """When it was signed first (seconds), network, agent: of all who can vote, by the name under which they do."""
    rows = (
        await session.execute(select(Device.device, Device.minted_at, Device.network, Device.agent))
    ).all()
    known = {device: (minted.timestamp(), network, agent) for device, minted, network, agent in rows}
    people = (await session.execute(select(Person.id, Person.created_at))).all()
    return known | {f"p-{person}": (made.timestamp(), "", "") for person, made in people}
