"""Malformed and malicious video files, made from real clips; one seed gives the same files again.

for file in corpus(bases(folder), lures, count=100, seed=1):
    path.write_bytes(file.content)
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.faults.hostile_headers import lying_header
from tests.support.faults.hostile_packets import padded_keyframes
from tests.support.media import clips, coloured_clips, pictures
from tests.support.media.clips import Format
from tests.support.media.not_videos import NOT_VIDEOS
from tests.support.media.reference_colour import ColourCoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FRAMES = 24  #: of a base: a second of picture, so that a file takes a fraction of a second
BASE_SIZE = (192, 108)

EXTREMES = (0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFF0, 0x00FF_FFFF)
HEADER_BYTES = 2048  #: of a file without boxes, where its numbers are
MANY = (33, 120, 1000)  #: streams; the limit is 32
REPEATS = 200  #: of a stream that does not end where it should

# 32 megapixels in a few bytes: within the limit on pixels, and a gigabyte where ten frames are kept.
BOMB_SIZE = (8000, 4000)
BOMB_FRAMES = 12

_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"}


@dataclass(frozen=True)
class Lures:
    """What a file may try to make the decoder open; absolute."""

    marker: Path  #: a video whose picture is known
    text: Path  #: a file with words that are known
    canary_url: str  #: of a server on this machine


@dataclass(frozen=True)
class Hostile:
    """One file of the corpus."""

    number: int
    kind: str  #: what was done to it
    suffix: str
    content: bytes

    @property
    def name(self) -> str:
        """Of the file."""
        return f"{self.number:04d}-{self.kind}{self.suffix}"


Bases = dict[str, bytes]  #: by name with its suffix
Change = tuple[str, bytes]  #: suffix and content


def bases(folder: Path) -> Bases:
    """Cut real clips short, in several containers and codecs."""
    bikes = pictures.footage("bikes", FRAMES, size=BASE_SIZE)
    rabbit = pictures.footage("bigbuckbunny", FRAMES, size=(160, 90))
    forms: Mapping[str, tuple[list[pictures.Rgb], Format]] = {
        "bikes.mp4": (bikes, Format()),
        "first.mp4": (bikes, Format(muxer_options={"movflags": "faststart"})),
        "parts.mp4": (rabbit, Format(muxer_options={"movflags": "frag_keyframe+empty_moov"})),
        "rabbit.mov": (rabbit, Format(codec="mjpeg", pix_fmt="yuvj420p")),
        "bikes.mkv": (bikes, Format()),
        "rabbit.webm": (rabbit, Format(codec="libvpx-vp9")),
        "bikes.ts": (bikes, Format()),
        "rabbit.ts": (rabbit, Format(codec="mpeg2video")),
        "bikes.avi": (bikes, Format(codec="mjpeg", pix_fmt="yuvj420p")),
        "rabbit.mpg": (rabbit, Format(codec="mpeg2video")),
    }
    plain = {name: clips.write(folder / name, frames, form) for name, (frames, form) in forms.items()}
    return {name: path.read_bytes() for name, path in (plain | _coloured(folder)).items()}


def _coloured(folder: Path) -> dict[str, Path]:
    """Write what takes parsers and decoders of its own: alpha beside the packets, boxes of Dolby Vision."""
    (bikes,) = pictures.footage("bikes", 1, size=BASE_SIZE)
    alpha = coloured_clips.write_cut_out(folder / "alpha.webm", "libvpx-vp9", "yuva420p")
    dolby = coloured_clips.write_dolby_vision(folder / "dolby.mp4", bikes, profile=5)
    ictcp = coloured_clips.write_coded(folder / "ictcp.mkv", bikes, ColourCoding(14, 16, 9))
    return {path.name: path for path in (alpha, dolby, ictcp)}


def corpus(bases: Bases, lures: Lures, *, count: int, seed: int) -> Iterator[Hostile]:
    """Make `count` files, every kind in turn; a file depends on the seed and its number alone."""
    kinds = [*_LIES.items(), *[*_DAMAGE.items()] * 4]  # damage has more ways to differ
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")  # noqa: S311 - it has to be repeatable
        kind, make = kinds[number % len(kinds)]
        suffix, content = make(bases, lures, chance)
        yield Hostile(number, kind, suffix, content)


def _one(bases: Bases, chance: random.Random) -> Change:
    name = chance.choice(sorted(bases))
    return f".{name.rpartition('.')[2]}", bases[name]


def _truncated(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    suffix, content = _one(bases, chance)
    return suffix, content[: chance.randrange(1, len(content))]


def _flipped(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    suffix, content = _one(bases, chance)
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 10, 100, 1000))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return suffix, bytes(damaged)


def _spliced(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    """A stretch of one file in the middle of another."""
    suffix, content = _one(bases, chance)
    _, other = _one(bases, chance)
    start, end = sorted(chance.randrange(len(other)) for _ in range(2))
    at = chance.randrange(len(content))
    return suffix, content[:at] + other[start:end] + content[at + chance.choice((0, end - start)) :]


def _erased(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    suffix, content = _one(bases, chance)
    start, end = sorted(chance.randrange(len(content)) for _ in range(2))
    return suffix, content[:start] + bytes(end - start) + content[end:]


def _absurd_numbers(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    """Sizes, durations, counts, offsets and edit lists that cannot be."""
    suffix, content = _one(bases, chance)
    damaged = bytearray(content)
    stretches = [box[:2] for box in _boxes(content)] or [(0, min(HEADER_BYTES, len(content)))]
    for _ in range(chance.choice((1, 2, 5))):
        start, end = chance.choice(stretches)
        struct.pack_into(
            ">I", damaged, chance.randrange(start, max(start + 1, end - 3)), chance.choice(EXTREMES)
        )
    return suffix, bytes(damaged)


def _boxes(content: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, bytes]]:
    """Start, end and type of every box of a header of MP4, from the outside in; nothing for other files."""
    end = len(content) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, start)
        if size < 8 or not kind.isalnum():
            return
        if kind not in {b"mdat", b"free"}:
            yield start, start + size, kind
        if kind in _PARENTS:
            yield from _boxes(content, start + 8, start + size)
        start += size


def _grown(content: bytes, at: int, extra: bytes) -> bytes:
    """Insert bytes into the boxes around a place behind the media, whose offsets so stay right."""
    grown = bytearray(content)
    for start, end, _ in _boxes(content):
        if start < at <= end:
            struct.pack_into(">I", grown, start, end - start + len(extra))
    return bytes(grown[:at] + extra + grown[at:])


def _many_streams(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    content = bases["bikes.mp4"]
    start, end = next((start, end) for start, end, kind in _boxes(content) if kind == b"trak")
    moov = next((start, end) for start, end, kind in _boxes(content) if kind == b"moov")
    extra = content[start:end] * chance.choice(MANY)
    grown = bytearray(content[:end] + extra + content[end:])
    struct.pack_into(">I", grown, moov[0], moov[1] - moov[0] + len(extra))
    return ".mp4", bytes(grown)


def _media_elsewhere(_bases: Bases, lures: Lures, chance: random.Random) -> Change:
    """An MP4 with the index of another file, whose `dref` says that the media is there, or at a URL."""
    content = lures.marker.read_bytes()
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content = content[:start] + bytes(end - start) + content[end:]
    entry = content.index(b"url ", content.index(b"dref")) - 4
    place = chance.choice((f"file://{lures.marker}", lures.canary_url)).encode()
    body = chance.choice((_alias(str(lures.marker).encode()), b"url " + bytes(4) + place + b"\0"))
    grown = _grown(content, entry + 12, bytes(len(body) - 8))
    return ".mp4", grown[:entry] + struct.pack(">I", len(body) + 4) + body + grown[entry + 4 + len(body) :]


def _alias(path: bytes) -> bytes:
    """An entry of `dref` with a Macintosh alias record: the one that FFmpeg follows, where it is let."""
    padded = path + bytes(len(path) % 2)
    return b"alis" + bytes(4 + 150) + struct.pack(">HH", 2, len(padded)) + padded + b"\xff\xff\0\0"


def _listing(_bases: Bases, lures: Lures, chance: random.Random) -> Change:
    """A text that names other files: playlists, manifests, lists, session descriptions."""
    place = chance.choice(
        (
            str(lures.marker),
            f"file://{lures.marker}",
            str(lures.text),
            lures.canary_url,
            f"subfile,,start,0,end,9999,,:{lures.marker}",
            f"concat:{lures.marker}|{lures.text}",
            f"crypto:{lures.marker}",
            f"cache:{lures.canary_url}",
            f"tcp://{lures.canary_url.removeprefix('http://').partition('/')[0]}",
        )
    )
    return chance.choice((".mp4", ".m3u8", ".mkv", ".txt", ".ts")), chance.choice(_LISTINGS).format(
        place
    ).encode()


_LISTINGS = (
    "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n",
    '#EXTM3U\n#EXT-X-MAP:URI="{0}"\n#EXT-X-KEY:METHOD=AES-128,URI="{0}"\n#EXTINF:1,\n{0}\n',
    "ffconcat version 1.0\nfile '{0}'\n",
    "file '{0}'\n",
    '<?xml version="1.0"?><MPD><Period><AdaptationSet><BaseURL>{0}</BaseURL></AdaptationSet></Period></MPD>',
    "v=0\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=control:{0}\n",
    "[playlist]\nFile1={0}\nNumberOfEntries=1\n",
    "{0}\n",
)


def _no_video(_bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    """The beginning of a picture, a song, an archive, a page, and then anything."""
    content = chance.choice(sorted(NOT_VIDEOS.values())).content
    return ".mp4", content[: chance.randrange(1, len(content) + 1)] + chance.randbytes(chance.randrange(99))


def _changing_size(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    """One stream whose pictures, and their codec, change midway."""
    parts = [bases["bikes.ts"], bases["rabbit.ts"]] * chance.choice((1, 3))
    chance.shuffle(parts)
    return ".ts", b"".join(parts)


def _endless(bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    """A stream that begins again and again; in Matroska and fragments, the same cluster for ever."""
    name = chance.choice(("bikes.ts", "rabbit.mpg", "parts.mp4", "rabbit.webm"))
    content = bases[name]
    start = chance.choice((0, len(content) // 3))
    return f".{name.rpartition('.')[2]}", content + content[start:] * REPEATS


def _bomb(_bases: Bases, _lures: Lures, chance: random.Random) -> Change:
    """A GIF of few bytes: each tiny frame stands on a canvas of many megapixels, or of too many."""
    width, height = chance.choice((BOMB_SIZE, (65535, 65535)))
    pixel = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    frame = b"\x21\xf9\x04\x00\x04\x00\x00\x00" + pixel
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    return ".gif", b"GIF89a" + screen + frame * BOMB_FRAMES + b"\x3b"


_NO_LURES = Lures(Path(), Path(), "")
_DAMAGE: Mapping[str, Callable[[Bases, Lures, random.Random], Change]] = {
    "truncated": _truncated,
    "flipped": _flipped,
    "spliced": _spliced,
    "erased": _erased,
    "numbers": _absurd_numbers,
    "listing": _listing,
}
_LIES: Mapping[str, Callable[[Bases, Lures, random.Random], Change]] = {
    "streams": _many_streams,
    "dref": _media_elsewhere,
    "sizes": _changing_size,
    "endless": _endless,
    "bomb": _bomb,
    "headers": lambda bases, _lures, chance: lying_header(bases, chance),
    "padding": lambda bases, _lures, chance: padded_keyframes(bases, chance),
    "no-video": _no_video,
}


def damaged(kind: str, suffix: str, content: bytes, chance: random.Random) -> bytes:
    """Damage one file as the corpus does, in one of the ways that need no other file."""
    return _DAMAGE[kind]({f"file{suffix}": content}, _NO_LURES, chance)[1]


def kinds() -> Sequence[str]:
    """Every kind of file that a corpus has."""
    return [*_DAMAGE, *_LIES]
