"""Write the suites that ship into `arena/benchmarks/suites`, from the tables beside this file. The same every time.

    python infra/suites/make.py [FOLDER]

Whoever changes a table makes a new version of the suite (`VERSIONS`): scores of different questions are not compared.
"""

import json
import re
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

import chinese  # noqa: E402  # the script runs from anywhere
import english  # noqa: E402
import form  # noqa: E402
import reading  # noqa: E402

from arena.benchmarks.rows import BankRow, chance_of, write  # noqa: E402

SUITES = ROOT / "arena" / "benchmarks" / "suites"
GENERATOR = "reasoning-gym==0.1.25"
VERSIONS = {"arithmetic": 1, "chinese": 1, "english": 1, "format": 1, "reading": 1, "reasoning": 2}
CANARIES = {
    "arithmetic": "0d8c6b2e-5a41-4f0e-9b7d-3c1e86f2a954",
    "chinese": "b1f4e7a3-62cd-4e98-a0d5-7f3b91c82e46",
    "english": "e92a5d10-8b74-4c3f-95e6-1d0f47ba6c83",
    "format": "47c3f8d6-1e9b-4a52-8f70-d26be5910ac4",
    "reading": "9e60b7f1-c4d8-45a3-b2e9-58f1a07d3c6b",
    "reasoning": "6f0b1c52-9d3e-4a57-8c41-2b7e90d4f613",
}


def rows(table: str, question: str, stratum: str) -> list[dict[str, Any]]:
    """`left: right | wrong, wrong, wrong`, one a line; `question` has a place for the left side."""
    found = []
    for line in table.strip().splitlines():
        left, _, rest = line.rpartition(": ")
        right, _, wrong = rest.partition(" | ")
        options = [right, *re.split(r",\s*|，", wrong)]
        found.append(
            {
                "question": question.replace("{}", left),
                "answer": right,
                "options": options,
                "stratum": stratum,
            }
        )
    return found


def gym(name: str, en: str, zh: str, dataset: str, config: dict[str, Any], **fields: Any) -> dict[str, Any]:
    source = {"kind": "gym", "dataset": dataset, "config": config}
    return {"name": name, "title": {"en": en, "zh": zh}, "source": source, **fields}


def choice(options: int = 4, air: int = 2, **fields: Any) -> dict[str, Any]:
    """Twenty questions out of the generator, with wrong options."""
    return {"kind": "choice", "items": 20, "air": air, "options": options, "chance": 1 / options, **fields}


def written(scorer: str = "number", air: int = 3, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "generate",
        "items": 20,
        "air": air,
        "scorer": scorer,
        "chance": 0.0,
        "max_tokens": 24,
    } | fields


REASONING = [
    gym("word_order", "Word order", "语序还原", "sentence_reordering",
        {"min_words_in_sentence": 5, "max_words_in_sentence": 9}, **choice(air=3, distractors="swap")),
    gym("number_sequence", "Number sequences", "数列", "number_sequence", {}, **choice(air=3)),
    gym("letter_counting", "Counting letters", "数字母", "letter_counting", {"max_words": 8}, **choice(air=3)),
    gym("small_sums", "Small sums", "一位数加减", "chain_sum", {"max_terms": 2, "max_digits": 1}, **written(air=4)),
    gym("syllogism", "Syllogisms", "三段论", "syllogism", {"invalid_ratio": 0.5}, **choice(2)),
    gym("family_ties", "Family ties", "亲属关系", "family_relationships", {"max_family_size": 6}, **choice()),
    gym("leg_counting", "Counting legs", "数动物的腿", "leg_counting",
        {"min_animals": 1, "max_animals": 2, "max_instances": 5}, **written(air=2)),
    gym("alice", "Alice and her friends", "爱丽丝与朋友", "aiw", {"max_entities": 6}, **written(air=2)),
    gym("weekdays", "Days of the week", "推算星期", "calendar_arithmetic",
        {"tasks": ["weekday_offset"], "offset_upper_bound": 30}, **choice()),
    gym("cube_rotation", "Turning a cube", "转动方块", "color_cube_rotation", {"max_rotations": 2}, **choice()),
    gym("coin_flips", "Coin flips", "抛硬币", "coin_flip", {"max_trials": 6}, **choice()),
    gym("course_schedule", "Courses in order", "课程先后", "course_schedule",
        {"min_num_courses": 3, "max_num_courses": 5, "max_cycle_length": 4}, **choice(2)),
]  # fmt: skip

ARITHMETIC = [
    gym("sums", "Sums", "加减法", "chain_sum", {"max_terms": 3, "max_digits": 2}, **written()),
    gym("expressions", "Expressions", "四则运算", "basic_arithmetic", {"max_terms": 3, "max_digits": 2}, **written()),
    gym("products", "Products", "乘法", "products", {"max_digits": 2}, **written()),
    gym("common_divisor", "Greatest common divisors", "最大公约数", "gcd", {"max_value": 100}, **written()),
    gym("common_multiple", "Least common multiples", "最小公倍数", "lcm", {"max_value": 20}, **written()),
    gym("equations", "Simple equations", "一元方程", "simple_equations", {"max_terms": 2, "max_value": 30},
        **written()),
    gym("decimals", "Decimals", "小数加减", "decimal_chain_sum",
        {"max_terms": 2, "max_digits": 2, "max_decimal_places": 2}, **written()),
]  # fmt: skip

GAP = "Complete the sentence: {}"
BANKS: dict[str, list[tuple[dict[str, Any], list[dict[str, Any]]]]] = {
    "english": [
        ({"name": "synonyms", "title": {"en": "Words of like meaning", "zh": "英语近义词"}, "air": 6},
         rows(english.SYNONYMS, "Which word means the same as “{}”?", "synonym")),
        ({"name": "opposites", "title": {"en": "Words of opposite meaning", "zh": "英语反义词"}, "air": 6},
         rows(english.OPPOSITES, "Which word means the opposite of “{}”?", "opposite")),
        ({"name": "grammar", "title": {"en": "Grammar", "zh": "英语语法"}, "air": 8},
         [row for kind, table in english.GRAMMAR.items() for row in rows(table, GAP, kind)]),
        ({"name": "cloze", "title": {"en": "Sentences with a gap", "zh": "英语填空"}, "air": 4},
         rows(english.CLOZE, GAP, "cloze")),
    ],
    "chinese": [
        ({"name": "idioms", "title": {"en": "Chinese idioms", "zh": "成语"}, "air": 6},
         rows(chinese.IDIOMS, "补全成语：{}", "成语")),
        ({"name": "measures", "title": {"en": "Chinese measure words", "zh": "量词"}, "air": 4},
         rows(chinese.MEASURES, "填上合适的量词：{}", "量词")),
        ({"name": "synonyms", "title": {"en": "Chinese words of like meaning", "zh": "近义词"}, "air": 4},
         rows(chinese.SYNONYMS, "“{}”的近义词是哪一个？", "近义词")),
        ({"name": "opposites", "title": {"en": "Chinese words of opposite meaning", "zh": "反义词"}, "air": 4},
         rows(chinese.OPPOSITES, "“{}”的反义词是哪一个？", "反义词")),
        ({"name": "conjunctions", "title": {"en": "Chinese conjunctions", "zh": "关联词"}, "air": 3},
         rows(chinese.CONJUNCTIONS, "填上合适的词语：{}", "关联词")),
        ({"name": "characters", "title": {"en": "The right character", "zh": "同音字"}, "air": 3},
         rows(chinese.CHARACTERS, "填上正确的字：{}", "同音字")),
    ],
    "reading": [
        ({"name": "english_texts", "title": {"en": "English texts", "zh": "英语短文"}, "air": 8},
         reading.questions(reading.ENGLISH, 16)),
        ({"name": "chinese_texts", "title": {"en": "Chinese texts", "zh": "中文短文"}, "air": 8},
         reading.questions(reading.CHINESE, 16)),
    ],
    "format": [
        ({"name": "one_line", "title": {"en": "Form of a line", "zh": "单行格式"}, "air": 12, "max_tokens": 40},
         form.one_line()),
        ({"name": "several_lines", "title": {"en": "Form of several lines", "zh": "多行格式"}, "air": 3,
          "max_tokens": 64, "until": ["\n\n"]}, form.lines()),
    ],
}  # fmt: skip
NAMES = {
    "arithmetic": {"en": "Arithmetic", "zh": "算术"},
    "chinese": {"en": "Chinese", "zh": "中文"},
    "english": {"en": "English", "zh": "英语"},
    "format": {"en": "Following a form", "zh": "格式遵循"},
    "reading": {"en": "Reading", "zh": "阅读"},
    "reasoning": {"en": "Reasoning", "zh": "推理"},
}


def family(about: dict[str, Any], listed: list[dict[str, Any]], canary: str) -> tuple[dict[str, Any], bytes]:
    """A written task, and its file."""
    kept = [BankRow.model_validate(row) for row in listed]
    body = write(kept, canary)
    kind = "choice" if kept[0].options else "generate"
    spec = {
        **about,
        "source": {"kind": "file", "sha256": sha256(body).hexdigest()},
        "kind": kind,
        "items": len(kept),
        "options": max(len(row.options) for row in kept),
        "chance": chance_of(kept),
        "scorer": "exact" if kind == "choice" else "format",
    }
    return spec, body


def put(folder: Path, name: str, families: Iterable[dict[str, Any]], licence: str) -> None:
    spec = {
        "id": name,
        "name": NAMES[name],
        "version": VERSIONS[name],
        "generator": GENERATOR,
        "seed": 20260801,
        "licence": licence,
        "canary": CANARIES[name],
        "families": list(families),
    }
    (folder / f"{name}.json").write_text(
        json.dumps(spec, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def main(folder: Path) -> None:
    put(folder, "reasoning", REASONING, "Apache-2.0")
    put(folder, "arithmetic", ARITHMETIC, "Apache-2.0")
    for name, tasks in BANKS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        families = []
        for about, listed in tasks:
            spec, body = family(about, listed, CANARIES[name])
            (folder / name / f"{about['name']}.jsonl").write_bytes(body)
            families.append(spec)
        put(folder, name, families, "Apache-2.0")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SUITES)
