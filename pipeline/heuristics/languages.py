"""The language of a text: by its writing system, or by frequent function words where that is Latin."""

from __future__ import annotations

import re
from collections import Counter

SEEN = 4000  # characters that are looked at: a longer text is no other language further on

# Writing systems by the range of their letters, and the language that is mostly written so.
SCRIPTS = (
    ("ru", "\u0400", "\u04ff"),
    ("el", "\u0370", "\u03ff"),
    ("he", "\u0590", "\u05ff"),
    ("ar", "\u0600", "\u06ff"),
    ("hi", "\u0900", "\u097f"),
    ("bn", "\u0980", "\u09ff"),
    ("pa", "\u0a00", "\u0a7f"),
    ("ta", "\u0b80", "\u0bff"),
    ("te", "\u0c00", "\u0c7f"),
    ("th", "\u0e00", "\u0e7f"),
    ("ka", "\u10a0", "\u10ff"),
    ("hy", "\u0530", "\u058f"),
    ("ko", "\uac00", "\ud7af"),
    ("ja", "\u3040", "\u30ff"),
    ("zh", "\u4e00", "\u9fff"),
)

# Letters that a writing system's main language lacks, and whose they are.
OWN_LETTERS = {
    "ru": (("uk", "іїєґІЇЄҐ"), ("sr", "љњћђџјЉЊЋЂЏЈ")),
    "ar": (("ur", "ٹڈڑےں"), ("fa", "پچژگ")),
}

FUNCTION_WORDS = {
    "en": "the of and to in is that it for was with as on are this be by at from have you not they an which we or i do "
    "my he she his her but so all would like has had were can what your their a about up out who them then been there "
    "when will if into some could these two only other after than first any each how many much did does one over more",
    "fr": "le la les des et est un une dans que qui pour pas sur au avec ce il elle je vous nous sont du aux été mais",
    "es": "el la los las y es un una en que por para con del se no su como más lo al pero está muy son qué yo mi este",
    "de": "der die das und ist ein eine nicht mit auf für von den dem zu im ich sie es wir sich auch wie dass wird war",
    "it": "il la che di è un una per non con del della sono gli le nel si da ma più questo anche come i alla ho mi",
    "pt": "o os as e é um uma que não com para do da em por se na no mais como dos das são ao eu você está foi muito",
    "nl": "de het een en van is dat niet op te zijn voor met die aan er ik je maar ook naar wij bij worden deze hoe",
    "sv": "och att det är som en på för av inte med den till har jag ett de om vi var kan från eller hur mycket",
    "da": "og at det er en på til af ikke med den der jeg et de som for har vi var kan fra eller hvordan meget blev",
    "no": "og å det er en på til av ikke med den jeg et de som for har vi var kan fra eller hvordan mye ble hva",
    "pl": "i w na nie się z do jest że to jak o po ale za od przez jego są dla był czy oraz co które może",
    "tr": "ve bir bu için ile çok da de en gibi daha olarak ne var ama kadar ben sen değil olan mi mı nasıl",
    "vi": "và của là có không được một cho trong với các những này đã người tôi để khi bạn rất ở từ",
    "id": "dan yang di ini itu dengan untuk tidak dari dalam adalah pada saya akan ke ada anda bisa oleh juga",
    "cs": "a je se na že to v s z do jsem ale jako za pro není jsou by tak být nebo ve který jeho",
    "ro": "și de la în este nu cu pe un o care pentru mai din să sunt dar ce am lui era fost prin",
    "fi": "ja on ei se että oli hän mutta kun niin ovat myös joka olen tai ole minä sinä kuin mitä",
    "hu": "a az és hogy nem is egy van ez volt de csak már meg ha mint vagy még nagyon ki mi",
    "la": "et in est non ad cum ut quod sed qui ex si sunt nec per quae enim esse hoc",
}
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LANGUAGES = {word: tuple(code for code, words in FUNCTION_WORDS.items() if word in words.split())
              for words in FUNCTION_WORDS.values() for word in words.split()}  # fmt: skip
UNKNOWN = "a language that no rule can tell"
ASKED_FOR = "the request speaks of languages"
_LANGUAGE = re.compile(
    r"\b(?:translat\w*|languages?|english|french|spanish|german|italian|portuguese|dutch|swedish|danish|norwegian|polish|"
    r"turkish|vietnamese|indonesian|czech|romanian|finnish|hungarian|latin|russian|ukrainian|serbian|greek|hebrew|arabic|"
    r"persian|urdu|hindi|bengali|punjabi|tamil|telugu|thai|georgian|armenian|korean|japanese|chinese|mandarin)\b",
    re.IGNORECASE,
)
LEAST = 3  # function words that there must be, two different ones of two letters or more
SHARE = 0.12  # of all words that they must be
LEAD = 1.3  # times as many as of the next language


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language that a text is written in.

    Parameters
    ----------
    text : str
        Its first 4,000 characters are looked at.

    Returns
    -------
    str or None
        None where it is too short, mixed, or in a language not known here.

    Notes
    -----
    A writing system stands for the language that is mostly written in it (Devanagari for Hindi), but for letters that
    only another language has. Latin letters are told apart by the function words of nineteen languages, so names,
    single words and code have no language.
    """
    text = text[:SEEN]
    words = _WORDS.findall(text.lower())
    if not text.isascii():
        letters = Counter(script for letter in text if letter >= "\u0370" and (script := _script(letter)))
        total = sum(map(len, words))
        if letters and 2 * sum(letters.values()) > total:
            return _of_script(text, letters)
    found: Counter[str] = Counter()
    for word in words:
        found.update(_LANGUAGES.get(word, ()))
    best = found.most_common(2)
    if not best or best[0][1] < max(LEAST, SHARE * len(words)):
        return None
    # Single letters are as often variables and initials.
    if len({word for word in words if len(word) > 1 and best[0][0] in _LANGUAGES.get(word, ())}) < 2:
        return None
    return best[0][0] if len(best) == 1 or best[0][1] >= LEAD * best[1][1] else None


def judge(instruction: str, response: str) -> float | str:
    """Whether the response is in the language of the instruction, which asks for no other."""
    if _LANGUAGE.search(instruction):
        return ASKED_FOR
    asked, said = language_of(instruction), language_of(response)
    return UNKNOWN if asked is None or said is None else float(asked == said)


def _script(letter: str) -> str | None:
    return next((code for code, first, last in SCRIPTS if first <= letter <= last), None)


def _of_script(text: str, letters: Counter[str]) -> str | None:
    if letters["ja"]:  # kana among Chinese characters
        letters["ja"] += letters.pop("zh", 0)
    (code, count), *_ = letters.most_common(1)
    if 3 * count < 2 * sum(letters.values()):
        return None
    return next((other for other, own in OWN_LETTERS.get(code, ()) if any(letter in own for letter in text)), code)
