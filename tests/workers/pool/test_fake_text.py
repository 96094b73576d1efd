"""The fake's tokenizer files must mean to real tools what the fake means by its ids."""

import json
from pathlib import Path

import pytest

from workers.pool import fake_text

TEXTS = ["Hello, world.", "写一句关于月亮的话。", "a\n\tb  c", "🌊 and ，"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_encoded_is_decoded(text: str) -> None:
    assert fake_text.decode(fake_text.encode(text)) == text


def test_real_tokenizers_read_it_the_same_way(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    fake_text.write_tokenizer(tmp_path)
    loaded = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in TEXTS:
        assert loaded.encode(text).ids == fake_text.encode(text)
        assert loaded.encode(text, add_special_tokens=False).ids == fake_text.encode(text, bos=False)
    spoken = fake_text.answer("seed", "写", 80, 80, True)
    assert loaded.decode(spoken) == fake_text.decode(spoken)
    names = json.loads((tmp_path / "special_tokens_map.json").read_text())
    assert loaded.token_to_id(names["eos_token"]) == fake_text.EOS


def test_an_answer_ends_by_itself_unless_told_not_to() -> None:
    free = fake_text.answer("s", "x", 500, 0, False)
    assert free[-1] == fake_text.EOS
    assert fake_text.answer("s", "x", 500, 0, False) == free
    assert len(fake_text.answer("s", "x", 500, 0, True)) == 500
    assert len(fake_text.answer("s", "x", 500, 300, False)) > 300
    assert len(fake_text.answer("s", "x", 7, 0, False)) == 7
