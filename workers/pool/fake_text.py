"""What the fake engine says: a byte-level tokenizer that real tools can load, and sentences chosen by hash."""

import json
import math
import random
import re
from pathlib import Path

PAD, EOS, BOS, UNK = 0, 1, 2, 3
FIRST_BYTE = 4
FIRST_WORD = FIRST_BYTE + 256

_ENGLISH = (
    "The tide keeps its own time, and nobody argues with it.",
    "I would start small, measure twice, and keep the receipts.",
    "Three gulls argued over one chip; the wind won.",
    "A good answer is short, honest and a little warm.",
    "In the morning the harbour smells of rope, salt and coffee.",
    "My grandmother said that the moon is a lamp left on for late sailors.",
    "First make it work, then make it clear, and only then make it quick.",
    "The hall went quiet, the light turned gold, and the gavel came down.",
)
_CHINESE = (
    "潮水有自己的钟点，谁也催不动它。",
    "月亮像一盏忘了关的灯，照着晚归的人。",
    "先把事情做成，再把它说清楚。",
    "海风吹过旧码头，带来盐和咖啡的气味。",
    "好的回答不必太长，诚实就够了。",
    "三只海鸥争一片面包，最后是风赢了。",
    "灯光暗下来，全场安静，木槌一锤定音。",
    "外婆说，听见浪声就不算远行。",
)


def _split(sentence: str) -> list[str]:
    """Words with their leading space; Chinese in pieces of one or two characters."""
    pieces = re.findall(r" ?[A-Za-z']+| ?[^\sA-Za-z\u4e00-\u9fff]|[\u4e00-\u9fff]{1,2}", sentence)
    assert "".join(pieces) == sentence
    return pieces


_SENTENCES = {
    language: [_split(sentence) for sentence in sentences]
    for language, sentences in (("en", [f" {text}" for text in _ENGLISH]), ("zh", _CHINESE))
}
# A single character must not be a word, or the tokenizer would read it as one; it is said in bytes, as it is read.
_WORDS = sorted({piece for kind in _SENTENCES.values() for text in kind for piece in text if len(piece) > 1})
_ALIKE = {latin: [word for word in _WORDS if word.isascii() == latin] for latin in (True, False)}
_WORD_IDS = {word: FIRST_WORD + number for number, word in enumerate(_WORDS)}


def _say(piece: str) -> list[int]:
    return [_WORD_IDS[piece]] if piece in _WORD_IDS else [FIRST_BYTE + byte for byte in piece.encode()]


def encode(text: str, bos: bool = True) -> list[int]:
    """One token a byte, as the tokenizer files below do it."""
    return [BOS] * bos + [FIRST_BYTE + byte for byte in text.encode()]


def token_bytes(token: int) -> bytes:
    if token >= FIRST_WORD:
        return _WORDS[token - FIRST_WORD].encode() if token - FIRST_WORD < len(_WORDS) else b""
    return bytes([token - FIRST_BYTE]) if token >= FIRST_BYTE else b""


def decode(tokens: list[int]) -> str:
    return b"".join(token_bytes(token) for token in tokens).decode(errors="replace")


def answer(seed: str, prompt: str, limit: int, least: int, ignore_eos: bool) -> list[int]:
    """Token ids of an answer fixed by its arguments; ends with EOS when it is done before `limit` and may end."""
    draw = random.Random(seed)
    sentences = _SENTENCES["zh" if re.search(r"[\u4e00-\u9fff]", prompt) else "en"]
    wanted = draw.randint(2, 4)
    tokens: list[int] = []
    order: list[int] = []
    while len(tokens) < limit:
        if wanted <= 0 and len(tokens) >= least and not ignore_eos:
            tokens.append(EOS)
            break
        order = order or draw.sample(range(len(sentences)), len(sentences))
        tokens += [token for piece in sentences[order.pop()] for token in _say(piece)]
        wanted -= 1
    return tokens[:limit]


def others(draw: bytes, word: str, own: float, greedy: bool, count: int) -> dict[str, float]:
    """What else could have been said instead of `word`, whose probability is `own`: `count` words with the logarithms
    of theirs, which halve from one to the next. Fixed by `draw`; nothing is likelier than a greedy word."""
    share = min(own, 1 - own) if greedy else 1 - own
    drawn = random.Random(draw).sample(_ALIKE[word.isascii()], count + 1)
    chosen = [one for one in drawn if one != word][:count]
    return {one: math.log(share * 0.5 ** (rank + 1)) for rank, one in enumerate(chosen)}


def write_tokenizer(directory: Path) -> None:
    """tokenizer.json and its companions for the scheme above, as `transformers` and `tokenizers` read them."""
    special = {"<pad>": PAD, "<eos>": EOS, "<bos>": BOS, "<unk>": UNK}
    vocab = special | {f"<0x{byte:02X}>": FIRST_BYTE + byte for byte in range(256)} | _WORD_IDS
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    start = {"SpecialToken": {"id": "<bos>", "type_id": 0}}
    names = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    files = {
        "tokenizer.json": {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": number, "content": name, **flags} for name, number in special.items()],
            "normalizer": None,
            "pre_tokenizer": None,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [start, sequence],
                "pair": [start, sequence, start, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {"<bos>": {"id": "<bos>", "ids": [BOS], "tokens": ["<bos>"]}},
            },
            "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": "<unk>",
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": True,
                "byte_fallback": True,
                "ignore_merges": False,
                "vocab": vocab,
                "merges": [],
            },
        },
        "tokenizer_config.json": {
            **names,
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": 4096,
        },
        "special_tokens_map.json": names,
        "config.json": {
            "model_type": "gemma3_text",
            "vocab_size": len(vocab),
            "max_position_embeddings": 4096,
        },
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
