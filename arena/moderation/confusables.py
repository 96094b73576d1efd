"""Letters that look like Latin ones, for the matching form. Our own small table.

The reason is Unicode's list of confusable characters (UTS #39, `confusables.txt`): three of four letters stand there
with the Latin one. The others are the other case of such a letter, small capitals, or differ by a hook or stroke that
nobody sees at reading pace. What NFKC folds by itself (fullwidth, mathematical, circled) is not here.

Upper and lower case are apart because they look like different letters: Greek Ν is an N, its lower case ν is a v.
"""

LOOKALIKES: dict[str, str] = {
    # Cyrillic, Greek, Armenian, Cherokee, then Latin small capitals, barred and hooked letters.
    "a": "АаΑαᎪᴀɑⱥ",
    "b": "ВвЬьΒβᏴʙƀɓƃ",
    "c": "СсϹϲᏟᴄȼƈ",
    "d": "ԀԁᎠᴅđɖɗƌ",
    "e": "ЕеҽΕεᎬᴇɇǝə",
    "f": "ϜϝꜰƒғҒ",
    "g": "ԌԍցᏀɢɡǥɠ",
    "h": "НнҺһΗհᎻʜħɦ",
    "i": "ІіΙιᎥɪıɨ",
    "j": "ЈјͿϳᎫᴊɉʝ",
    "k": "КкΚκᏦᴋƙĸ",
    "l": "ӀӏԼᏞʟłƚɫ",
    "m": "МмΜᎷᴍɱ",
    "n": "ΝηոռɴɲƞŋпП",
    "o": "ОоΟοσՕօᴏøɵө",
    "p": "РрΡρᏢᴘƥ",
    "q": "Ԛԛզʠ",
    "r": "ГгᎡʀɍɼɽ",
    "s": "ЅѕՏᏚꜱʂ",
    "t": "ТтΤτᎢᴛŧƭʈ",
    "u": "μυսՍᴜʉ",
    "v": "ѴѵνᏙᴠʋ",
    "w": "ԜԝѡωᎳᴡⱳ",
    "x": "ХхΧχ᙮",
    "y": "УуҮүΥγᎩʏɏƴ",
    "z": "ΖᏃᴢƶȥʐ",
}


RADICALS = dict(
    zip(
        "⺟⺠⺒⺝⺩⻁⻄⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
        "母民巳月王虎西见角贝车长门青页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
        strict=True,
    )
)
"""Radicals that are drawn like the ideograph and, other than the Kangxi radicals, have no compatibility form (Unicode's
`EquivalentUnifiedIdeograph.txt`)."""


def _table() -> dict[str, str]:
    """Every look-alike → what it looks like; with the letters on coloured tiles, which NFKC leaves alone."""
    table = {look: letter for letter, looks in LOOKALIKES.items() for look in looks}
    # Negative circled, negative squared, and the regional indicators that make up flags.
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        table |= {chr(first + index): chr(ord("a") + index) for index in range(26)}
    return table | RADICALS


CONFUSABLES = _table()
