"""What looks like personal data, and what only looks a little like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.submissions.datasets.personal import PLACEHOLDERS, find, is_resident_id, mask

FOUND = {
    "dataset.personal_email": [
        "anna@firma.de", "li.lei+show@mail.qq.com", "写信给wang_wei@163.com吧", "<Bob.Smith@sub.domain.co.uk>",
    ],
    "dataset.personal_phone": [
        "13812345678", "138 1234 5678", "138-1234-5678", "+86 138 1234 5678", "8613812345678", "电话13912345678。",
        "(415) 555-2671", "415-555-2671", "+1 415-555-2671", "+44 20 7946 0958", "+49 30 901820", "010-62345678",
        "(021) 62345678",
    ],
    "dataset.personal_id": ["11010519491231002X", "11010519491231002x", "身份证11010519491231002X。"],
    "dataset.personal_card": [
        "4539 1488 0343 6467", "4539148803436467", "5425-2334-3010-9903", "374245455400126",
    ],
    "dataset.personal_ip": ["8.8.8.8", "from 114.114.114.114, port", "2001:4860:4860::8888", "[2606:4700:4700::1111]"],
}  # fmt: skip

NOTHING = [
    "", "hello", "3 + 4 = 7", "@home", "a@b", "user@localhost", "someone@example.com", "me@mail.example.org",
    "decorators like @property.setter", "1234567", "12345678901234567890", "2024-01-31 12:30:55", "1700000000",
    "1700000000000", "12812345678", "138123456789", "a13812345678b", "3.14159265358979", "0.13812345678",
    "110105194912310021", "110105199913310028", "000105194912310022", "4539148803436468", "1111111111111111",
    "0000 0000 0000 0000", "192.168.1.1", "10.0.0.1", "127.0.0.1", "256.8.8.8", "8.8.8", "8.8.8.8.8",
    "version 8.8.4.4", "v8.8.8.8", "版本 8.8.8.8", "fe80::1", "::1", "std::vector", "12:30:55", "a::b", "2001:db8::1",
    "ISBN 978-7-111-54742-6", "π = 3.141592653589793238", "1,234,567,890", "2 000 000 000", "1 2 3 4 5 6 7 8 9 10",
    "100-200-300", "圆周率小数点后1415926535", "QQ 群 12345", "1e10 and 2.5e-11",
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in FOUND.items() for text in texts])
def test_what_is_found(code: str, text: str) -> None:
    assert [span.code for span in find(f"You see: {text}")] == [code]
    assert PLACEHOLDERS[code] in mask(text)[0]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_left_alone(text: str) -> None:
    assert find(text) == []
    assert find(f"See {text}, please.") == []


def test_each_of_several_is_masked() -> None:
    text, spans = mask("Li 13812345678, li@qq.com; 王 13912345678")
    assert text == "Li [phone], [email]; 王 [phone]"
    assert len(spans) == 3


@given(st.text())
def test_nothing_is_left_to_mask(text: str) -> None:
    assert find(mask(text)[0]) == []


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_no_resident_id(place: int, by: int) -> None:
    good = "11010519491231002X"
    wrong = good[:place] + str((int(good[place]) + by) % 10) + good[place + 1 :]
    assert is_resident_id(good)
    assert not is_resident_id(wrong)
