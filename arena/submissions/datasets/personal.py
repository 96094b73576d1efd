"""Personal data by its pattern: what looks like it, with the checks that each kind of number brings along.

A pattern alone finds order numbers and version numbers; check digits, prefixes, dates and address ranges sort them out.
Everything here is a warning: only a person knows whether a number is somebody's.
"""

import re
from collections.abc import Iterator
from datetime import date
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

PLACEHOLDERS = {
    "dataset.personal_email": "[email]",
    "dataset.personal_phone": "[phone]",
    "dataset.personal_id": "[id number]",
    "dataset.personal_card": "[bank card]",
    "dataset.personal_ip": "[ip address]",
}
"""What stands in the cleaned version instead. None of them looks like personal data."""

_MAYBE = re.compile(r"@|[0-9](?:[ ().\-]{0,2}[0-9]){6}|[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{0,4}:")
"""What every kind has somewhere: most texts have none of it and are done."""
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,8}"
    r"[A-Za-z]{2,24}(?![A-Za-z0-9\-])"
)
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z.])(?:\+|\()?[0-9](?:[ ()\-]{0,2}[0-9]){6,20}[Xx]?(?![0-9A-Za-z])(?!\.[0-9])"
)
"""Seven to twenty-one digits, parted by what people part numbers with."""
_IPV4 = re.compile(r"(?<![0-9A-Za-z.\-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z\-])(?!\.[0-9])")
_IPV6 = re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f:]{2,39}(?![0-9A-Za-z:])")
_VERSION = re.compile(r"(?:version|release|v\.?|版本|版)\s*$", re.IGNORECASE)

_NOBODY = ("example.com", "example.org", "example.net", "example", "test", "invalid", "localhost")
"""Reserved for documentation (RFC 2606)."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_PROVINCES = frozenset(
    map(
        str,
        (
            *range(11, 16),
            *range(21, 24),
            *range(31, 38),
            *range(41, 47),
            *range(50, 55),
            *range(61, 66),
            71,
            81,
            82,
            83,
        ),
    )
)
_MOBILE = re.compile(r"(?:(?:\+|00)?86[ \-]?)?1[3-9][0-9][ \-]?[0-9]{4}[ \-]?[0-9]{4}")
_LANDLINE = re.compile(r"(?:\+?86[ \-]?)?\(?0[1-9][0-9]{1,2}\)?[ \-][2-9][0-9]{6,7}")
_AMERICAN = re.compile(r"(?:\+?1[ \-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[2-9][0-9]{2}-[0-9]{4}")
_WORLD = re.compile(r"\+[1-9][0-9 ()\-]{6,20}")
_CARDS = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|35[0-9]{14}|62[0-9]{14,17}|6(?:011|5[0-9]{2})[0-9]{12}"
)


class Span(NamedTuple):
    start: int
    end: int
    code: str


def find(text: str) -> list[Span]:
    """What looks like personal data in `text`, in order, without overlaps."""
    if _MAYBE.search(text) is None:
        return []
    spans = sorted({*_emails(text), *_numbers(text), *_addresses(text)})
    apart: list[Span] = []
    for span in spans:
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
    return apart


def mask(text: str) -> tuple[str, list[Span]]:
    """`text` with a placeholder in each place, and the places (in the original)."""
    spans = find(text)
    for span in reversed(spans):
        text = text[: span.start] + PLACEHOLDERS[span.code] + text[span.end :]
    return text, spans


def _emails(text: str) -> Iterator[Span]:
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        host = match[0].rpartition("@")[2].lower()
        if not any(host == name or host.endswith(f".{name}") for name in _NOBODY):
            yield Span(*match.span(), "dataset.personal_email")


def _numbers(text: str) -> Iterator[Span]:
    for match in _NUMBER.finditer(text):
        code = kind_of_number(match[0])
        if code is not None:
            yield Span(*match.span(), code)


def kind_of_number(written: str) -> str | None:
    """The code for a number as it was written, or None when it is just a number."""
    digits = "".join(char for char in written if char not in " ()-")
    if is_resident_id(digits):
        return "dataset.personal_id"
    if digits.isdigit() and _CARDS.fullmatch(digits) and _luhn(digits) and len(set(digits)) > 3:
        return "dataset.personal_card"
    if any(form.fullmatch(written) for form in (_MOBILE, _LANDLINE, _AMERICAN)):
        return "dataset.personal_phone"
    if _WORLD.fullmatch(written) and 8 <= len(digits) - 1 <= 15:
        return "dataset.personal_phone"
    return None


def is_resident_id(digits: str) -> bool:
    """GB 11643: province, day of birth, and a check digit by ISO 7064 MOD 11-2."""
    if len(digits) != 18 or not digits[:17].isdigit() or digits[:2] not in _PROVINCES:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    if _CHECKS[total % 11] != digits[17].upper():
        return False
    try:
        born = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    return born.year >= 1900


def _luhn(digits: str) -> bool:
    doubled = (
        int(digit) if place % 2 == 0 else sum(divmod(2 * int(digit), 10))
        for place, digit in enumerate(reversed(digits))
    )
    return sum(doubled) % 10 == 0


def _addresses(text: str) -> Iterator[Span]:
    for form in (_IPV4, _IPV6):
        for match in form.finditer(text):
            if form is _IPV6 and match[0].count(":") < 2:
                continue
            if _is_somewhere(match[0]) and not _VERSION.search(
                text, max(0, match.start() - 12), match.start()
            ):
                yield Span(*match.span(), "dataset.personal_ip")


def _is_somewhere(written: str) -> bool:
    """A public address: private, local and documentation ranges are nobody's."""
    try:
        address = ip_address(written)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and not 0x20 <= address.packed[0] < 0x40:
        return False  # `a::b` is an address too, and more often something else
    return address.is_global and not address.is_multicast and written.count(".") in (0, 3)
