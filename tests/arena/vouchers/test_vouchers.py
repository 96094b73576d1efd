"""A seat code or an e-mail address vouches for one phone in one show; votes may ask for that."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import Cookies
from limits import RateLimitItemPerMinute
from pydantic import SecretStr, ValidationError
from sqlalchemy import select, text

from arena.accounts.limits import LIMITS
from arena.kit.db import transaction
from arena.kit.errors import Invalid
from arena.rundown.public import ShowEvent
from arena.votes import box
from arena.votes.recount import main as verify
from arena.vouchers import routes
from arena.vouchers.public import forget_vouchers
from arena.vouchers.rules import ALPHABET, grouped, mailbox, new_seat_code, read_seat_code
from tests.support.clock import time_passes
from tests.support.mailbox import Mailbox, mail_server
from tests.support.portal import Caller, Portal, running_portal, settings
from tests.support.services import Services

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ballot is read afresh for every vote, and not only once a second."""
    monkeypatch.setattr(box, "FRESH_SECONDS", 0.0)


class Evening:
    """An episode with a question to the hall."""

    def __init__(self, portal: Portal, producer: Caller, episode: Json) -> None:
        self.portal, self.producer, self.episode = portal, producer, episode
        self.path = f"/episodes/{episode['id']}"

    @classmethod
    async def begin(cls, portal: Portal, title: str = "Tonight") -> "Evening":
        producer = await portal.person("producer", title)
        return cls(portal, producer, await producer.post_ok("/episodes", {"title": title}))

    async def ask(self, level: int) -> str:
        """The ballot's id. It is open."""
        options = [{"zh": "月", "en": "moon"}, {"zh": "海", "en": "sea"}]
        body = {"kind": "question", "options": options, "level": level, "change_seconds": 0}
        ballot = str((await self.producer.post_ok(f"{self.path}/ballots", body))["id"])
        for step in ("arm", "open"):
            await self.producer.post_ok(f"/ballots/{ballot}/{step}")
        return ballot

    async def result(self, ballot: str) -> Json:
        await self.portal.operator.post_ok(f"/ballots/{ballot}/shorten")
        await self.producer.post_ok(f"/ballots/{ballot}/close")
        seen: Json = await self.producer.post_ok(f"/ballots/{ballot}/publish")
        return seen

    async def codes(self, count: int = 2) -> list[str]:
        made = await self.producer.post_ok(f"{self.path}/seats", {"count": count})
        return [seat["code"] for seat in made["seats"]]

    async def use(self, phone: Caller, code: str) -> tuple[int, str]:
        """Status, and the code of the refusal."""
        answer = await phone.post(f"/api{self.path}/vouchers/seat", json={"code": code})
        return answer.status_code, "" if answer.is_success else answer.json()["error"]["code"]


@pytest.fixture
async def evening(portal: Portal) -> Evening:
    return await Evening.begin(portal)


async def vote(phone: Caller, ballot: str, n: int = 1) -> tuple[int, Any]:
    """Status, and what the refusal says is needed."""
    answer = await phone.post(f"/api/ballots/{ballot}/votes", json={"choice": "q1", "n": n})
    said = answer.json()
    return answer.status_code, None if answer.is_success else said["error"]["detail"].get("needed")


# --- seats --------------------------------------------------------------------------------------------------------


async def test_a_seat_code_lets_one_phone_vote_in_one_show(evening: Evening) -> None:
    code, _ = await evening.codes()
    ballot, tomorrow = await evening.ask(level=2), await Evening.begin(evening.portal, "Tomorrow")
    elsewhere = await tomorrow.ask(level=2)
    phone, other = await evening.portal.phone(), await evening.portal.phone()
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{3}(-[2-9A-HJKMNP-Z]{3}){2}", code)
    assert await vote(phone, ballot) == (403, 2)

    assert await evening.use(phone, code.lower().replace("-", " ")) == (200, "")
    assert await vote(phone, ballot) == (201, None)
    assert await evening.use(phone, code) == (200, ""), "an answer that was lost is asked for again"
    assert await evening.use(other, code) == (409, "seat.used")
    assert await vote(other, ballot) == (403, 2)
    assert await vote(phone, elsewhere) == (403, 2), "a code is good in its own show"
    assert await tomorrow.use(phone, code) == (404, "seat.unknown")

    count = (await evening.result(ballot))["count"]
    assert (count["counted"], count["levels"]) == ({"q1": 1, "q2": 0}, {"2": 1})
    assert count["seats"] == {"made": 2, "used": 1, "taken_back": 0}
    (sheet,) = (await evening.producer.get_ok(f"{evening.path}/seats"))["sheets"]
    assert (sheet["used"], sheet["free"], sheet["revoked"]) == (1, 1, 0)


async def test_a_result_says_how_many_votes_each_level_gave(
    evening: Evening, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ballot = await evening.ask(level=0)
    code, _ = await evening.codes()
    phones = [await evening.portal.phone() for _ in range(3)]
    assert await evening.use(phones[0], code) == (200, "")
    # What the phone has shown stays with it when it comes by another link.
    links = await evening.producer.get_ok(f"{evening.path}/channels")
    (stream,) = (link["path"].partition("?c=")[2] for link in links if link["channel"] == "stream")
    await phones[0].post_ok(f"/device?channel={stream}")
    for phone in (*phones, await evening.portal.person("contestant", "Ada")):
        assert await vote(phone, ballot) == (201, None)
    assert (await evening.result(ballot))["count"]["levels"] == {"0": 3, "2": 1}
    evidence = tmp_path / "evidence.jsonl.gz"
    evidence.write_bytes((await phones[0].get(f"/api/ballots/{ballot}/evidence")).content)
    assert verify([str(evidence)]) == 0
    said = capsys.readouterr().out
    assert "level 0: 3; level 2: 1; seat codes, says the site: made 2, taken_back 0, used 1;" in said


async def test_codes_are_shown_once_and_open_the_shows_page(evening: Evening) -> None:
    made = await evening.producer.post_ok(f"{evening.path}/seats", {"count": 3})
    more = await evening.producer.post_ok(f"{evening.path}/seats", {"count": 2})
    assert [seat["number"] for seat in (*made["seats"], *more["seats"])] == [1, 2, 3, 4, 5]
    first = made["seats"][0]
    page, _, behind = first["url"].partition("#seat=")
    assert page.endswith(f"/s/{evening.episode['code']}") and behind == first["code"].replace("-", "")
    listed = (await evening.producer.get(f"/api{evening.path}/seats")).text
    async with evening.portal.site.sessions() as session:
        stored = str((await session.execute(text("select * from seats"))).all())
    for seat in made["seats"]:
        for written in (seat["code"], seat["code"].replace("-", "")):
            assert written not in listed and written not in stored
    phone = await evening.portal.phone()
    assert await phone.refused("GET", f"{evening.path}/seats") == (401, "auth.required")
    assert await phone.refused("POST", f"{evening.path}/seats", {"count": 1}) == (401, "auth.required")
    assert await phone.get_ok(f"{evening.path}/vouchers") == {"seat": True, "mail": False, "oidc": None}


async def test_a_code_is_taken_back_and_a_sheet_is_made_anew(evening: Evening) -> None:
    phone, other = await evening.portal.phone(), await evening.portal.phone()
    used, lost, seen = await evening.codes(3)
    assert await evening.use(phone, used) == (200, "")
    await evening.producer.post_ok(f"{evening.path}/seats/2/revoke")
    assert await evening.use(other, lost) == (404, "seat.unknown")

    (sheet,) = (await evening.producer.get_ok(f"{evening.path}/seats"))["sheets"]
    again = f"{evening.path}/seats/sheets/{sheet['id']}/remake"
    made = await evening.producer.post_ok(again)
    assert [seat["number"] for seat in made["seats"]] == [4], "only what was unused"
    assert await evening.producer.refused("POST", again) == (409, "seat.none_free")
    assert await evening.use(other, seen) == (404, "seat.unknown")
    assert await evening.use(other, made["seats"][0]["code"]) == (200, "")

    # One that was used: the phone is what it was before, and a new code helps it.
    for _ in range(2):
        await evening.producer.post_ok(f"{evening.path}/seats/1/revoke")
    (another,) = await evening.codes(1)
    ballot = await evening.ask(level=2)
    assert await vote(phone, ballot) == (403, 2)
    assert await evening.use(phone, used) == (404, "seat.unknown")
    assert await evening.use(phone, another) == (200, "")
    assert await vote(phone, ballot) == (201, None)
    count = (await evening.result(ballot))["count"]
    assert (count["levels"], count["seats"]) == ({"2": 1}, {"made": 5, "used": 3, "taken_back": 3})
    assert await evening.producer.refused("POST", f"{evening.path}/seats/99/revoke") == (
        404,
        "seat.not_found",
    )
    # Everybody who produces reads what was done, once each.
    async with evening.portal.site.sessions() as session:
        told = select(ShowEvent.type, ShowEvent.body).where(ShowEvent.type.contains("seat"))
        log = [tuple(row) for row in await session.execute(told.order_by(ShowEvent.version))]
        anybody = select(ShowEvent).where(ShowEvent.type.contains("seat"), ShowEvent.by.is_(None))
        assert (await session.execute(anybody)).first() is None
    assert log == [
        ("make_seats", {"count": 3}),
        ("revoke_seat", {"seat": 2, "used": False}),
        ("remake_seats", {"count": 1}),
        ("revoke_seat", {"seat": 1, "used": True}),
        ("make_seats", {"count": 1}),
    ]


async def test_no_code_is_made_or_taken_back_while_a_vote_asks_for_one(evening: Evening) -> None:
    phone, (code, _) = await evening.portal.phone(), await evening.codes()
    (sheet,) = (await evening.producer.get_ok(f"{evening.path}/seats"))["sheets"]
    ballot = await evening.ask(level=2)
    assert await evening.use(phone, code) == (200, "")
    for path, body in (("", {"count": 1}), (f"/sheets/{sheet['id']}/remake", None), ("/1/revoke", None)):
        refused = await evening.producer.refused("POST", f"{evening.path}/seats{path}", body)
        assert refused == (409, "seat.vote_open"), path
    assert await vote(phone, ballot) == (201, None)
    await evening.result(ballot)
    await evening.producer.post_ok(f"{evening.path}/seats/1/revoke")


async def test_at_once_one_code_is_one_phone_and_one_phone_one_voter(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with by_mail(services, database_url, tmp_path) as (evening, mails):
        code, one, two = await evening.codes(3)
        phones = [await evening.portal.phone() for _ in range(10)]
        said = await asyncio.gather(*(evening.use(phone, code) for phone in phones))
        assert sorted(said) == [(200, "")] + [(409, "seat.used")] * 9
        # The same phone twice, and with two codes: it is told that it may vote, and uses up one.
        phone = await evening.portal.phone()
        said = await asyncio.gather(*(evening.use(phone, own) for own in (one, one, two)))
        assert said == [(200, "")] * 3
        (sheet,) = (await evening.producer.get_ok(f"{evening.path}/seats"))["sheets"]
        assert (sheet["used"], sheet["free"]) == (2, 1)
        # While some are taken back others are used.
        await asyncio.gather(
            *(evening.use(phone, two) for phone in phones),
            *(evening.producer.post_ok(f"{evening.path}/seats/{seat}/revoke") for seat in (1, 2, 3)),
        )

        path, shown = f"{evening.path}/vouchers/mail", []
        for count, phone in enumerate([await evening.portal.phone() for _ in range(5)], 1):
            await phone.post_ok(path, {"address": "ada@example.org", "language": "en"})
            shown.append((phone, {"code": await digits(mails, count)}))
        answers = await asyncio.gather(
            *(phone.post(f"/api{path}/confirm", json=code) for phone, code in (*shown, *shown))
        )
        right = [at % 5 for at, answer in enumerate(answers) if answer.is_success]
        assert len(right) == 2 and len(set(right)) == 1, "one phone, both times it asks"
        assert {answer.status_code for answer in answers} == {200, 409}


async def test_a_cookie_that_was_overwritten_does_not_cost_the_vote(evening: Evening) -> None:
    (code,), ballot = await evening.codes(1), await evening.ask(level=2)
    phone = await evening.portal.phone()
    before = Cookies(phone.cookies)
    assert await evening.use(phone, code) == (200, "")
    # The answer to another tab, which had asked before, comes last.
    phone.cookies = before
    assert await vote(phone, ballot) == (201, None)
    assert dict(phone.cookies) != dict(before), "it carries it again"


async def test_a_phone_and_a_person_use_up_one_code_each(evening: Evening) -> None:
    phone, person = await evening.portal.phone(), await evening.portal.person("contestant", "Ada")
    await person.post_ok("/device")
    one, two, three = await evening.codes(3)
    assert await evening.use(phone, one) == await evening.use(phone, two) == (200, "")
    ballot = await evening.ask(level=2)
    assert await vote(person, ballot) == (403, 2), "anybody makes an account"
    assert await evening.use(person, three) == (200, "")
    assert await evening.use(await evening.portal.phone(), three) == (409, "seat.used")
    assert await vote(person, ballot) == (201, None)
    # It is the account's, not the browser's.
    await person.post_ok("/auth/logout")
    assert await vote(person, ballot) == (403, 2)
    assert await evening.use(evening.portal.anybody(), two) == (401, "vote.no_device")
    assert await evening.use(await evening.portal.phone(), two) == (200, ""), "nobody has used it"


async def test_who_guesses_has_to_wait_and_who_mistypes_has_not(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "seat_of_phone", RateLimitItemPerMinute(2, 5))
    phone = await evening.portal.phone()
    (code,) = await evening.codes(1)
    slip = ("3" if code[0] == "2" else "2") + code[1:]
    for typed in (slip, slip, slip, "", "K7M", code + "2", "O0O-111-LIL"):
        assert await evening.use(phone, typed) == (422, "seat.mistyped")
    for _ in range(2):
        assert await evening.use(phone, new_seat_code()) == (404, "seat.unknown")
    assert await evening.use(phone, code) == (429, "auth.too_many_attempts")
    assert await evening.use(await evening.portal.phone(), code) == (200, "")


async def test_no_codes_after_the_show(evening: Evening) -> None:
    (code,) = await evening.codes(1)
    body = {"expected_version": 1, "key": "the-very-end", "command": {"type": "finish"}}
    await evening.producer.post_ok(f"{evening.path}/commands", body)
    assert await evening.use(await evening.portal.phone(), code) == (409, "rundown.not_now")
    refused = await evening.producer.refused("POST", f"{evening.path}/seats", {"count": 1})
    assert refused == (409, "rundown.not_now")


def test_a_slip_of_the_finger_is_no_other_code() -> None:
    code = new_seat_code()
    assert read_seat_code(f" {grouped(code).lower()} ") == code
    slips = {code[:at] + other + code[at + 1 :] for at in range(len(code)) for other in ALPHABET} - {code}
    swapped = {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1)} - {code}
    for wrong in slips | swapped:
        with pytest.raises(Invalid):
            read_seat_code(wrong)


# --- e-mail -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def by_mail(
    services: Services, database_url: str, folder: Path
) -> AsyncIterator[tuple[Evening, Mailbox]]:
    async with mail_server() as mails:
        wanted = settings(
            database_url,
            services.redis_url,
            folder,
            smtp_url=SecretStr(mails.url),
            mail_from="Gavel <votes@example.org>",
        )
        async with running_portal(wanted) as portal:
            yield await Evening.begin(portal), mails


async def digits(mails: Mailbox, count: int = 1) -> str:
    """Of the newest mail, when so many have come."""
    mail = await mails.arrived(count)
    found = mail and re.search(r"\d{6}", mail.get_content())
    assert found
    return found.group()


async def test_six_digits_by_e_mail_let_one_phone_vote(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with by_mail(services, database_url, tmp_path) as (evening, mails):
        ballot = await evening.ask(level=2)
        phone, other = await evening.portal.phone(), await evening.portal.phone()
        path = f"{evening.path}/vouchers/mail"
        assert await phone.get_ok(f"{evening.path}/vouchers") == {"seat": False, "mail": True, "oidc": None}
        sent = await phone.post_ok(path, {"address": "Ada.L+show@Gmail.com", "language": "zh"})
        assert sent == {"again_seconds": 60, "expires_seconds": 600}
        code = await digits(mails)
        ((whom, mail),) = mails.mails
        assert (whom, mail["From"]) == ("Ada.L+show@Gmail.com", "Gavel <votes@example.org>")
        assert code in mail["Subject"] and "投票验证码" in mail["Subject"]

        wrong = {"code": f"{(int(code) + 1) % 10**6:06d}"}
        assert await phone.refused("POST", f"{path}/confirm", wrong) == (422, "mail.wrong_code")
        assert await other.refused("POST", f"{path}/confirm", {"code": code}) == (422, "mail.expired")
        assert await vote(phone, ballot) == (403, 2)
        await phone.post_ok(f"{path}/confirm", {"code": code})
        assert await vote(phone, ballot) == (201, None)

        # The same mailbox, spelled differently, on another phone.
        await other.post_ok(path, {"address": "adal@googlemail.com", "language": "en"})
        refused = await other.refused("POST", f"{path}/confirm", {"code": await digits(mails, 2)})
        assert refused == (409, "mail.used")
        assert (await evening.result(ballot))["count"]["levels"] == {"2": 1}
        async with evening.portal.site.sessions() as session:
            kept = str((await session.execute(text("select * from vouchers"))).all())
            kept += str((await session.execute(text("select * from mailings"))).all())
        assert "adal" not in kept.lower() and code not in kept
        assert (await evening.producer.get_ok(f"{evening.path}/seats"))["by_mail"] == 1


async def test_a_code_expires_is_tried_a_few_times_and_sent_again_after_a_pause(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with by_mail(services, database_url, tmp_path) as (evening, mails):
        phone = await evening.portal.phone()
        path, sessions = f"{evening.path}/vouchers/mail", evening.portal.site.sessions
        ask = {"address": "ada@example.org", "language": "en"}
        await phone.post_ok(path, ask)
        assert await phone.refused("POST", path, ask) == (429, "mail.too_soon")
        code = await digits(mails)
        wrong = {"code": f"{(int(code) + 1) % 10**6:06d}"}
        for _ in range(5):
            assert await phone.refused("POST", f"{path}/confirm", wrong) == (422, "mail.wrong_code")
        assert await phone.refused("POST", f"{path}/confirm", {"code": code}) == (422, "mail.expired")

        await time_passes(sessions, 61)
        await phone.post_ok(path, ask)
        late = await digits(mails, 2)
        await time_passes(sessions, 601)
        assert await phone.refused("POST", f"{path}/confirm", {"code": late}) == (422, "mail.expired")
        async with transaction(sessions, evening.portal.site.bus) as session:
            await forget_vouchers(session)
            left = await session.execute(text("select count(*) from mailings"))
            assert left.scalar_one() == 0
        for count in (3, 4, 5):
            await time_passes(sessions, 61)
            await phone.post_ok(path, ask)
            await mails.arrived(count)
        await time_passes(sessions, 61)
        assert await phone.refused("POST", path, ask) == (429, "mail.too_many")
        assert len(mails.mails) == 5


async def test_nobody_is_kept_from_his_mailbox_by_others(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "OTHERS_AN_HOUR", RateLimitItemPerMinute(7, 60))
    async with by_mail(services, database_url, tmp_path) as (evening, mails):
        path, owner = f"{evening.path}/vouchers/mail", await evening.portal.phone()
        ask = {"address": "ada@example.org", "language": "en"}
        await owner.post_ok(path, ask)
        await mails.arrived(1)
        for _ in range(6):
            await (await evening.portal.phone()).post_ok(path, ask)
        stranger = await evening.portal.phone()
        assert await stranger.refused("POST", path, ask) == (429, "mail.too_many"), "no mailbox is filled"
        await mails.arrived(7)
        await time_passes(evening.portal.site.sessions, 61)
        await owner.post_ok(path, ask)
        await owner.post_ok(f"{path}/confirm", {"code": await digits(mails, 8)})


async def test_an_e_mail_that_cannot_be_sent_may_be_asked_for_again_at_once(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with by_mail(services, database_url, tmp_path) as (evening, mails):
        phone, path = await evening.portal.phone(), f"{evening.path}/vouchers/mail"
        ask = {"address": "ada@example.org", "language": "en"}
        mails.refuses = True
        await phone.post_ok(path, ask)
        await mails.arrived(refused=1)
        mails.refuses = False
        async with asyncio.timeout(20):
            while (await phone.post(f"/api{path}", json=ask)).status_code == 429:
                pass
        await phone.post_ok(f"{path}/confirm", {"code": await digits(mails)})
        for address in ("ada", "a@b", "a b@c.org", "a@c.org, b@d.org", "ada@example.org\r\nBcc: b@d.org"):
            bad = {"address": address, "language": "en"}
            assert await phone.refused("POST", path, bad) == (422, "request.invalid")


async def test_a_site_without_a_mail_server_says_so(evening: Evening) -> None:
    phone = await evening.portal.phone()
    ask = {"address": "ada@example.org", "language": "en"}
    refused = await phone.refused("POST", f"{evening.path}/vouchers/mail", ask)
    assert refused == (409, "mail.not_configured")


@pytest.mark.parametrize(
    ("url", "sender", "wrong"),
    [("mail.example.org", "a@b.c", "smtps://"), ("smtps://mail.example.org", "", "GAVEL_MAIL_FROM")],
)
def test_a_setting_that_cannot_work_is_named_at_the_start(url: str, sender: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        settings("postgresql+psycopg://", "redis://", Path("/tmp"), smtp_url=SecretStr(url), mail_from=sender)


def test_one_mailbox_has_one_name() -> None:
    assert mailbox("A.d.a+x@gmail.com") == mailbox("ada@googlemail.com")
    assert mailbox("a.da@example.org") != mailbox("ada@example.org"), "elsewhere a dot is a letter"
