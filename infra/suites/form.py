"""Following a form: not what is said matters, but how. Each row has an example that keeps its demands."""

from typing import Any

TOPICS = [
    "spring",
    "a cat",
    "the sea",
    "breakfast",
    "a train",
    "snow",
    "music",
    "a garden",
    "the moon",
    "a library",
]
SHORT = ["apple", "river", "tiger", "violin", "carpet", "silver", "winter", "rocket", "pepper", "island"]
TOPICS_ZH = ["春天", "小猫", "大海", "早饭", "火车", "雪", "音乐", "花园", "月亮", "图书馆"]
HAN = [
    "春暖花开时", "小猫爱睡觉", "大海真辽阔", "早饭很好吃", "火车开得快",
    "雪花飘下来", "音乐真好听", "花园开满花", "月亮圆又亮", "图书馆安静",
]  # fmt: skip
FILL = ["it", "is", "quite", "good", "to", "see", "today", "again", "here", "now"]


def one_line() -> list[dict[str, Any]]:
    rows = []
    for n, (topic, word) in enumerate(zip(TOPICS, SHORT, strict=True)):
        count, parts = 3 + n % 5, 2 + n % 4
        sentence = f"I like {topic}"
        rows += [
            _row("capital letters", f"Write one short sentence about {topic} in capital letters only.",
                 f"{sentence}.".upper(), case="upper"),
            _row("small letters", f"Write one short sentence about {topic} in small letters only, without any capital.",
                 f"we like {topic}.".lower(), case="lower"),
            _row("words", f"Say something about {topic} in exactly {_number(count)} words.",
                 " ".join(FILL[:count]), words=count),
            _row("first word", f"Write one sentence about {topic} that begins with the word “{word.title()}”.",
                 f"{word.title()} and {topic} go well together.", starts=word.title()),
            _row("last mark", f"Ask one question about {topic}. It must end with a question mark and have at most "
                 f"{10 + n} words.", f"Do you like {topic}?", ends="?", max_words=10 + n),
            _row("list", f"Name exactly {_number(parts)} things that go with {topic}, on one line, with commas between "
                 "them and nothing else.", ", ".join(SHORT[:parts]), parts=parts),
            _row("digits", f"How many letters does the word “{word}” have? Answer in digits only.",
                 str(len(word)), only="digits"),
            _row("contains", f"Write one sentence about {topic} that contains the word “{word}”.",
                 f"The {word} belongs to {topic}.", contains=[word]),
            _row("without", f"Write at least one sentence about {topic} without using the letter “{'zqxjvkwybp'[n]}”.",
                 "This is all I am told.", excludes=["zqxjvkwybp"[n]]),
            _row("JSON", f"Answer as one JSON object with exactly the keys “{word}” and “size”, and nothing else.",
                 f'{{"{word}": 1, "size": 2}}', json_keys=[word, "size"]),
            _row("字数", f"用五个字写一句关于{TOPICS_ZH[n]}的话，不要多写。", HAN[n], han=5),
            _row("开头", f"写一句关于{TOPICS_ZH[n]}的话，用“我”字开头，用句号结尾。", f"我喜欢{TOPICS_ZH[n]}。",
                 starts="我", ends="。"),
        ]  # fmt: skip
    return rows


def lines() -> list[dict[str, Any]]:
    rows = []
    for n, topic in enumerate(TOPICS):
        count = 2 + n % 4
        rows += [
            _row("lines", f"Write about {topic} in exactly {_number(count)} lines.",
                 "\n".join(f"Line {line} is here." for line in range(1, count + 1)), lines=count),
            _row("numbered", f"Give {_number(count)} steps to draw {topic} as a numbered list: 1., 2. and so on, one "
                 "step a line.", "\n".join(f"{line}. Draw." for line in range(1, count + 1)), numbered=count),
            _row("行数", f"用{'二三四五'[n % 4]}行写一写{TOPICS_ZH[n]}，每行一句。",
                 "\n".join(f"我喜欢{TOPICS_ZH[n]}。" for _ in range(count)), lines=count),
        ]  # fmt: skip
    return rows


def _row(stratum: str, question: str, answer: str, **check: Any) -> dict[str, Any]:
    return {"question": question, "answer": answer, "stratum": stratum, "check": check}


def _number(count: int) -> str:
    return ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")[count]
