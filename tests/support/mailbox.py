"""A mail server for tests: takes what it is handed over the loopback, and keeps it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """To whom, as the envelope has it, and what."""
    refuses: bool = False
    refused: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def arrived(self, mails: int = 0, refused: int = 0) -> EmailMessage | None:
        """The newest, when so many have come, or so many were refused: they are sent behind the answer."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.mails) >= mails and self.refused >= refused)
        return self.mails[-1][1] if self.mails else None

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 5321, as much of it as one client needs."""
        whom = ""
        writer.write(b"220 mailbox\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                whom = line.decode().partition("<")[2].partition(">")[0]
                writer.write(b"550 nobody of that name\r\n" if self.refuses else b"250 ok\r\n")
                self.refused += self.refuses
                await self._tell()
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                parsed = message_from_bytes(body, policy=policy.default)
                assert isinstance(parsed, EmailMessage)
                self.mails.append((whom, parsed))
                await self._tell()
                writer.write(b"250 ok\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1")
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box
