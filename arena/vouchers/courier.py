"""How a code comes to somebody. By e-mail; another way (a vendor's SMS, say) is another class with the same two words.

None is built beside SMTP: no vendor is chosen for a site that it does not pay.
"""

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from arena.config import HERE, Settings
from arena.kit.errors import Conflict
from arena.vouchers.schemas import Language

PATIENCE = 10.0
THREADS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="mail")
"""Their own: a slow mail server must not keep those that others wait for."""

WORDS: dict[Language, tuple[str, str]] = {
    "zh": (
        "投票验证码 {code}",
        "你的投票验证码是：{code}\n\n请在手机上打开的节目页面中输入。{minutes} 分钟内有效。\n"
        "如果不是你本人操作，请忽略这封邮件；没有这个验证码，别人无法以此邮箱投票。\n",
    ),
    "en": (
        "Your voting code is {code}",
        "Your voting code: {code}\n\nType it into the show's page on your phone. It is good for {minutes} minutes.\n"
        "If this was not you, do nothing: without the code nobody can vote by this address.\n",
    ),
}

log = structlog.get_logger()


class NotBrought(Exception):
    """Said in the log; whoever waits for the code asks for another one."""


class Courier(Protocol):
    """Brings a code to an address of its kind."""

    async def bring(self, address: str, code: str, minutes: int, language: Language) -> None:
        """Returns when it is handed over; raises NotBrought when it is not."""


class Smtp:
    """The standard library's client, in a thread. Over TLS, unless the server is on this very machine."""

    def __init__(self, url: str, sender: str) -> None:
        self._url, self._sender = urlsplit(url), sender

    async def bring(self, address: str, code: str, minutes: int, language: Language) -> None:
        subject, body = (words.format(code=code, minutes=minutes) for words in WORDS[language])
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = subject, self._sender, address
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        try:
            await asyncio.get_running_loop().run_in_executor(THREADS, self._hand_over, message, address)
        except (smtplib.SMTPException, OSError) as error:
            # Whose address it was stands in no log; what a server says may name it.
            log.warning("mail_not_sent", error=type(error).__name__)
            raise NotBrought from error

    def _hand_over(self, message: EmailMessage, address: str) -> None:
        host, port = self._url.hostname or "", self._url.port or 0
        if self._url.scheme == "smtps":
            secure = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=PATIENCE, context=secure)
        else:
            server = smtplib.SMTP(host, port or 587, timeout=PATIENCE)
        with server:
            if self._url.scheme == "smtp" and host not in HERE:
                server.starttls(context=ssl.create_default_context())
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message, to_addrs=[address])


def courier_of(settings: Settings) -> Courier:
    """By e-mail; Conflict `mail.not_configured` where the site sends none."""
    if settings.smtp_url is None:
        raise Conflict(
            "mail.not_configured", "This site sends no e-mail. Ask the people in the hall for a seat code."
        )
    return Smtp(settings.smtp_url.get_secret_value(), settings.mail_from)
