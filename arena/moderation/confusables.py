"""Letters that look like Latin ones, for the matching form. Our own small table.

The reason for each is Unicode's list of confusable characters (UTS #39, `confusables.txt`): the letter is listed
there with the Latin one, or shares its outline up to a stroke or hook that a reader does not see at speaking pace. Only
letters that people write with are here; what NFKC folds by itself (fullwidth, mathematical, circled) is not.

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
    "n": "ΝηոռռɴɲƞŋѝПп",
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


def _table() -> dict[str, str]:
    """Every look-alike → its Latin letter; with the letters on coloured tiles, which NFKC leaves alone."""
    table = {look: letter for letter, looks in LOOKALIKES.items() for look in looks}
    # Negative circled, negative squared, and the regional indicators that make up flags.
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        table |= {chr(first + index): chr(ord("a") + index) for index in range(26)}
    return table


CONFUSABLES = _table()
