"""Reading: short texts with facts in them, and questions about one fact. Wrong answers are other facts of the same text
or of its kind, so that nobody gets there without reading.

Every text is drawn from a frame by a seed of its own. A question is (stratum, question, the fact's name).
"""

import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    text: str
    facts: dict[str, list[str]]
    """What may stand in each place. A place `NAME_2` draws from the values of `NAME`, without repeating one."""
    questions: list[tuple[str, str, str]]


NAMES = ["Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Hugo", "Iris", "Jonas"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
TIMES = ["eight o'clock", "nine o'clock", "ten o'clock", "two o'clock", "three o'clock", "five o'clock"]

ENGLISH = [
    Frame(
        "{who} and {who_2} run a small shop. {who} sells {goods} and {who_2} sells {goods_2}. The shop is closed on "
        "{day}. On {day_2} they open late, because {who} drives to the {place} in the morning.",
        {
            "who": NAMES,
            "goods": ["bread", "flowers", "candles", "soap", "honey", "toys"],
            "day": DAYS,
            "place": ["market", "harbour", "airport", "station", "farm"],
        },
        [
            ("who", "Who sells {goods_2}?", "who_2"),
            ("what", "What does {who} sell?", "goods"),
            ("when", "On which day is the shop closed?", "day"),
            ("where", "Where does {who} drive in the morning of {day_2}?", "place"),
        ],
    ),
    Frame(
        "Dear {who}, the swimming lesson on {day} is cancelled, because the {thing} is broken. The next lesson is on "
        "{day_2} at {time}. Please bring a {item}. {who_2} will teach you instead of {who_3}.",
        {
            "who": NAMES,
            "day": DAYS,
            "time": TIMES,
            "thing": ["heating", "roof", "pump", "door", "shower"],
            "item": ["towel", "cap", "bottle of water", "float", "photograph"],
        },
        [
            ("why", "What is broken?", "thing"),
            ("when", "At what time is the next lesson?", "time"),
            ("what", "What is to be brought?", "item"),
            ("who", "Who will teach the next lesson?", "who_2"),
        ],
    ),
    Frame(
        "The museum has three floors. On the first floor there are {show}, on the second floor {show_2}, and on the "
        "third floor {show_3}. {who} likes the {show_2} best, but {who_2} spent the whole afternoon with the {show_3}. "
        "They had arrived by {ride}.",
        {
            "show": ["old clocks", "ships", "stones", "masks", "coins", "maps"],
            "who": NAMES,
            "ride": ["bus", "train", "bicycle", "taxi", "boat"],
        },
        [
            ("where", "What is on the first floor?", "show"),
            ("who", "Who likes the {show_2} best?", "who"),
            ("what", "What did {who_2} look at the whole afternoon?", "show_3"),
            ("how", "How did they arrive?", "ride"),
        ],
    ),
    Frame(
        "{who} planted {plant} beside the {spot} and {plant_2} behind the house. In {month} the {plant} grew well, but "
        "the {plant_2} were eaten by {pest}. Next year {who} wants to plant {plant_3} behind the house.",
        {
            "who": NAMES,
            "plant": ["carrots", "beans", "onions", "peas", "tomatoes", "radishes"],
            "spot": ["gate", "pond", "wall", "path", "shed"],
            "month": ["April", "May", "June", "July", "August"],
            "pest": ["snails", "birds", "rabbits", "mice", "beetles"],
        },
        [
            ("where", "Beside what were the {plant} planted?", "spot"),
            ("what", "What was eaten?", "plant_2"),
            ("who", "Which animals ate the plants?", "pest"),
            ("when", "In which month did the {plant} grow well?", "month"),
        ],
    ),
]

CHINESE_NAMES = ["小明", "小红", "小刚", "小丽", "小华", "小芳", "小军", "小燕"]
CHINESE_DAYS = ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六"]

CHINESE = [
    Frame(
        "{who}和{who_2}约好{day}去{place}。{who}带了{food}，{who_2}带了{food_2}。路上{who_2}的{thing}丢了，"
        "他们找了很久，最后在{spot}找到了。",
        {
            "who": CHINESE_NAMES,
            "day": CHINESE_DAYS,
            "place": ["公园", "海边", "动物园", "博物馆", "图书馆"],
            "food": ["面包", "苹果", "饼干", "香蕉", "酸奶"],
            "thing": ["帽子", "钥匙", "雨伞", "水壶", "手套"],
            "spot": ["车站", "桥边", "商店门口", "大树下", "长椅上"],
        },
        [
            ("什么时候", "他们约好哪一天去？", "day"),
            ("哪里", "东西最后是在哪里找到的？", "spot"),
            ("什么", "{who_2}丢了什么？", "thing"),
            ("什么吃的", "{who}带了什么吃的？", "food"),
        ],
    ),
    Frame(
        "学校的乐队里，{who}弹{tool}，{who_2}拉{tool_2}，{who_3}吹{tool_3}。他们每个{day}下午在{room}练习。"
        "这个月他们要为{guest}演出。",
        {
            "who": CHINESE_NAMES,
            "tool": ["钢琴", "古筝", "吉他", "琵琶"],
            "tool_2": ["二胡", "小提琴", "大提琴", "手风琴"],
            "tool_3": ["笛子", "唢呐", "小号", "口琴"],
            "day": CHINESE_DAYS,
            "room": ["音乐教室", "体育馆", "礼堂", "活动室", "会议室"],
            "guest": ["老人", "家长", "新同学", "医生", "消防员"],
        },
        [
            ("谁", "谁拉{tool_2}？", "who_2"),
            ("什么", "{who_3}吹的是什么？", "tool_3"),
            ("哪里", "他们在哪里练习？", "room"),
            ("给谁", "这个月他们要为谁演出？", "guest"),
        ],
    ),
    Frame(
        "村子的东边是{land}，西边是{land_2}，南边是{land_3}。{who}家住在{land_2}旁边，养了{count}{animal}。"
        "到了{season}，{who_2}常来帮忙。",
        {
            "land": ["竹林", "果园", "稻田", "池塘", "小山", "麦地"],
            "who": CHINESE_NAMES,
            "count": ["三只", "五只", "六只", "八只", "十只"],
            "animal": ["羊", "鸭", "鸡", "鹅", "兔子"],
            "season": ["春天", "夏天", "秋天", "冬天"],
        },
        [
            ("哪里", "村子的南边是什么？", "land_3"),
            ("谁", "谁常来帮忙？", "who_2"),
            ("什么", "{who}家养的是什么动物？", "animal"),
            ("什么时候", "什么季节有人来帮忙？", "season"),
        ],
    ),
    Frame(
        "图书馆通知：{day}上午{floor}要{work}，请读者改到{floor_2}看书。借书的时间是{time}，还书请找{who}老师，"
        "办卡请找{who_2}老师。",
        {
            "day": CHINESE_DAYS,
            "floor": ["一楼", "二楼", "三楼", "四楼", "五楼"],
            "work": ["打扫", "装修", "开会", "修灯", "换桌椅"],
            "time": ["八点到十点", "九点到十一点", "两点到四点", "三点到五点"],
            "who": ["王", "李", "张", "刘", "陈"],
        },
        [
            ("为什么", "上午那里要做什么？", "work"),
            ("什么时候", "借书的时间是什么时候？", "time"),
            ("哪里", "读者应该改到哪里看书？", "floor_2"),
            ("谁", "办卡要找哪位老师？", "who_2"),
        ],
    ),
]


def questions(frames: list[Frame], texts: int, options: int = 4) -> list[dict[str, Any]]:
    """`texts` texts of each frame, and one question about each: every kind of question equally often."""
    rows = []
    for number, frame in enumerate(frames):
        for copy in range(texts):
            chance = random.Random(f"reading/{frame.text}/{copy}")
            facts = _drawn(frame, chance)
            stratum, question, wanted = frame.questions[copy % len(frame.questions)]
            answer = facts[wanted]
            rows.append(
                {
                    "question": f"{_filled(frame.text, facts)}\n{_filled(question, facts)}",
                    "answer": answer,
                    "options": [answer, *_wrong(frame, facts, wanted, options - 1, chance)],
                    "stratum": f"{number + 1} {stratum}",
                }
            )
    return rows


def _values(frame: Frame, name: str) -> list[str]:
    return frame.facts.get(name) or frame.facts[name.split("_")[0]]


def _drawn(frame: Frame, chance: random.Random) -> dict[str, str]:
    facts: dict[str, str] = {}
    for name in sorted({part.split("}")[0] for part in frame.text.split("{")[1:]}):
        facts[name] = chance.choice([one for one in _values(frame, name) if one not in facts.values()])
    return facts


def _wrong(frame: Frame, facts: dict[str, str], wanted: str, count: int, chance: random.Random) -> list[str]:
    """First what the text says of something else, then what it could have said."""
    values = [one for one in _values(frame, wanted) if one != facts[wanted]]
    chance.shuffle(values)
    values.sort(key=lambda one: one not in facts.values())
    return values[:count]


def _filled(text: str, facts: dict[str, str]) -> str:
    for name, value in facts.items():
        text = text.replace("{" + name + "}", value)
    return text
