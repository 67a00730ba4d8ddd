"""Makes of a title what CLIP can look for: many a title is the name of the file that was uploaded.

`Growing tomatoes.mp4` is about tomatoes and `IMG_1234.MOV` about nothing, but a model finds a meaning in any
letters. So the marks of a file are cut off, and where nothing is left that could be seen, there is no title:
without one no frame gains, with a wrong one some do.

A title that a person typed stays as it is, unless nothing in it can be seen: "Test", "1917", or one that is
what a camera calls its files ("DJI 2"). Marks are cut off only where a name shows that it is a file's, by its
ending, or by underscores in place of spaces. Titles are stored and shown as the platform has them.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

MAX_CHARACTERS = 1000  # CLIP reads about 300; some patterns look at each sign once for each other one

_ENDINGS = (
    "mp4|m4v|mov|qt|mkv|webm|avi|wmv|asf|flv|f4v|mpe?g|m2v|m2ts|mts|mxf|ogv|3gpp?|3g2|divx|vob|rmvb|hevc|h26[45]"
    "|y4m|insv|braw|r3d|m3u8|mpd"
)
# Not after a space: "How to open .mov" is about the ending. A download's number stands behind it.
_ENDING = re.compile(rf"(?<=[^\s.])\.(?:{_ENDINGS})(?: ?\(\d+\))?$", re.IGNORECASE)
# This is TypeScript's ending, too; whatever cuts a stream into files numbers them.
_TRANSPORT_STREAM = re.compile(r"(?<=\d)\.ts$", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://\S*?|(?:file://|[A-Za-z]:[\\/]|/|~/|\.{1,2}/).*?)([^/\\?#]+)(?:[?#]\S*)?")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")

# What cameras, telephones and programs begin names with, before a number or a date.
_DEVICE = re.compile(
    r"""^_?(?:
        (?:img|vid|mvi|mov|dsc[fn]?|pxl|dji|gmt)[-_ ]?e?\d
        | (?:cimg|imag|pict|sam|hpim|gopr|g[hxp]|mah|m2u|win|wp|fb_img|trim|rec|lrv)[-_]?\d{4}
        | [cp]\d{4,}$ | [a-z]\d{3}_?[cr]\d{3}_\w+$ | fullsizerender$
        | (?:screen[-_ ]?(?:record(?:ing|er)?|cast|capture|shot)s?|bildschirm(?:aufnahme|video)
           |enregistrement[ ]de[ ]l.[ée]cran|grabaci[oó]n[ ]de[ ]pantalla|registrazione[ ]schermo
           |(?:whatsapp|telegram|signal|viber)[ ]video|rpreplay_final)(?=[-_ ]*\d|$)
        | (?:sans[ ]titre|sin[ ]t[ií]tulo|senza[ ]titolo|sem[ ]t[ií]tulo)\b
    )[\d_.:~() -]*(?:(?:wa\d+|ts|ls|mp|pro|edited|hdr|night|portrait)(?![a-z])[_.~ -]*)*""",
    re.IGNORECASE | re.VERBOSE,
)

_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_HEX = re.compile(r"(?=.*\d)[0-9a-f]{12,}", re.IGNORECASE)
_RUN = re.compile(r"[a-z]+|[A-Z]+|\d+")
_LEAST_ID_CHARACTERS = 8
_ID_CHARACTERS_A_RUN = 2.0  # of one kind of sign: "dQw4w9WgXcQ" has 1.1, and "iPhone15Review" 2.3

# Between the words of a name without spaces; the dots of S.W.A.T. are not.
_GAPS = re.compile(r"[_+\s]+|(?<=\w\w)[.-]+|[.-]+(?=\w\w)")
_CAPITALS_FOR_GAPS = re.compile(r"[A-Z]?[a-z]+(?:[A-Z][a-z]+){2,}")  # of three words or more: no "YouTube"
_NUMBERED = re.compile(
    r"(?: ?\(\d+[pk]?\)| ?\[[^\]]*\]| -? ?(?:copy|kopie|copie)(?: \(?\d+\)?)?)$", re.IGNORECASE
)
_COPY_OF = re.compile(r"^(?:copy of|kopie von|copie de) ", re.IGNORECASE)

# How a file is coded. What follows in a name without spaces is of the same kind, or says who made it.
_TECHNICAL = re.compile(
    r"\d{3,4}[pi](?:\d\d)?|[248]k|[uf]?hd|hdr(?:10)?|sdr|\d{3,4}x\d{3,4}|[hx]26[45]|hevc|avc|av1|vp9|xvid|prores"
    r"(?:hq|lt|422)?|dnxh[dr]|aac|mp[34]|blu-?ray|(?:web|bd|br|dvd)-?rip|web-?dl|hdtv|\d{2,3}fps|\d+[km]bps"
    r"|v\d+(?:\.\d+)*",
    re.IGNORECASE,
)
# Which version of a file this is.
_VERSION = re.compile(
    r"final\d*|copy\d*|kopie|edit(?:ed)?|export(?:ed)?|master|render(?:ed)?|draft|raw|proxy|low(?:res)?|hi(?:res)?|hq"
    r"|small|medium|large|tiny|big|compressed|encoded|converted|upload|web|new|old|rev\d*|version\d*|[\d().-]+",
    re.IGNORECASE,
)
# The number of a list, or a date; "7 wonders" begins with neither.
_NUMBER_BEFORE = re.compile(r"0\d*|\d{5,}|[\d.-]{8,}|[-.()]+")
# Says nothing of what is seen, neither alone nor with others of its kind.
_EMPTY = re.compile(
    r"the|an?|my|our|this|of|and|at|um|[ap]m|videos?|vid[eé]o|clips?|movie|film|footage|recording|aufnahme|files?|media"
    r"|asset|sample|test(?:s|ing)?|demo|example|output|input|out|in|result|source|src|original|main|default|te?mp|foo"
    r"|sequence|timeline|comp|project|part|track|stream|index|playlist|download|play|zoom|bandicam|untitled"
    r"|videoplayback|unnamed|unbenannt|img|vid|видео|视频|動画|未命名|無題",
    re.IGNORECASE,
)


def subject_of(title: str) -> str:
    """Write what a title says of the video; "" where it says nothing that could be seen.

    Args:
        title: as a platform or a system of the customer's has it; of a longer one, the first
            `MAX_CHARACTERS` are read.
    """
    name = " ".join(unicodedata.normalize("NFC", title[:MAX_CHARACTERS]).split())
    stem = _stem(name)
    if _UUID.fullmatch(stem):
        return ""
    is_file = stem != name or ("_" in name and " " not in name)
    left = _DEVICE.sub("", stem)
    words = _words_of_file(left) if is_file else left.split(" ")
    if not any(_says_something(word) for word in words):
        return ""
    return " ".join(words) if is_file else name


def _stem(name: str) -> str:
    """Cut off the folders and the endings of a file's name; any other text comes back as it is."""
    address = _ADDRESS.fullmatch(name)
    stem = address[1] if address else name
    if " " not in stem and _ESCAPED.search(stem):
        stem = " ".join(unquote(stem).split())
    while True:
        shorter = _TRANSPORT_STREAM.sub("", _ENDING.sub("", stem))
        if shorter == stem:
            # An address without a video's ending may be a page, or one that a person wrote.
            return stem if address is None or stem != address[1] else name
        stem = shorter


def _words_of_file(stem: str) -> list[str]:
    """Split a file's name, without what tells how it was made, and which version it is."""
    stem = _NUMBERED.sub("", _COPY_OF.sub("", stem)).strip()
    has_spaces = " " in stem
    if has_spaces:
        words = stem.replace("_", " ").split()
    else:
        words = [part for word in _GAPS.split(stem) for part in _parted(word)]
        coded = (index for index, word in enumerate(words) if index and _TECHNICAL.fullmatch(word))
        words = words[: next(coded, None)]
    while words and (_TECHNICAL.fullmatch(words[-1]) or (not has_spaces and _VERSION.fullmatch(words[-1]))):
        words.pop()
    while words and _NUMBER_BEFORE.fullmatch(words[0]):
        words.pop(0)
    return words


def _parted(word: str) -> list[str]:
    """Split a word that has capitals in place of gaps, as in BigBuckBunny."""
    parts = re.findall(r"[A-Z]?[a-z]+", word) if _CAPITALS_FOR_GAPS.fullmatch(word) else [word]
    return [part for part in parts if part]


def _says_something(word: str) -> bool:
    """Tell whether a word may name what can be seen: no number, no id, and none of the empty ones."""
    word = word.strip(".,:;!?-()[]'\"")
    unnumbered = word.rstrip("0123456789")  # video1, index12
    letters = [sign for sign in word if sign.isalpha()]
    is_long_enough = len(letters) > 1 or any(ord(sign) > ord("\x7f") for sign in letters)  # a cat is 猫
    return is_long_enough and not (_EMPTY.fullmatch(unnumbered) or _TECHNICAL.fullmatch(word) or _is_id(word))


def _is_id(word: str) -> bool:
    """Tell whether a word is made by chance: of hex digits, or of capitals, digits and others in turn."""
    if _HEX.fullmatch(word):
        return True
    runs = _RUN.findall(word)
    is_mixed = {run[0].isdigit() for run in runs} == {True, False} and len(word) >= _LEAST_ID_CHARACTERS
    return is_mixed and len(word) / len(runs) < _ID_CHARACTERS_A_RUN
