"""Says what a file is that cannot be read as a video, by its first bytes, and what to do about it.

Only heads are read, and nothing in them is unpacked. No library knows these kinds: those that read signatures
take an Ogg video for sound and zeros for embroidery, and tell no moving PNG from a still one.
"""

from __future__ import annotations

import codecs
import enum
import re
from typing import TYPE_CHECKING, NamedTuple

from worker.files.paged_file import open_to_read

if TYPE_CHECKING:
    from pathlib import Path

# An ISO disk image begins behind 16 empty sectors of 2048 bytes.
HEAD_BYTES = 16 * 2048 + 64
_TEXT_BYTES = 4096
MAX_BOXES = 64  #: of an MP4 file, looked at for its index

_SEND = "send the video file"


class Kind(enum.StrEnum):
    """What a file may be, as the sentence that says so and names the remedy."""

    UNSUPPORTED = "{name} is not supported; convert it to MP4"
    PICTURE = "a picture ({name}), not a video; " + _SEND
    SOUND = "sound only ({name}); send the file with the picture"
    ARCHIVE = "an archive ({name}), not a video; unpack it and send the video in it"
    DOCUMENT = "a document ({name}), not a video; " + _SEND
    PLAYLIST = "a playlist ({name}), which only names videos; " + _SEND + " itself"
    SUBTITLES = "subtitles ({name}), not a video; " + _SEND
    TEXT = "{name}, not a video; " + _SEND
    WEB_PAGE = (
        "a web page ({name}), not a video; get the file itself, without a login, not the page around it"
    )
    PROGRAM = "a program ({name}), not a video; " + _SEND
    BROKEN = "a video ({name}) that is damaged or was cut short; copy or download it again"
    WITHOUT_INDEX = (
        "the index of this {name} file is missing: it was cut short, or the recording never ended; "
        "copy or download the whole file again"
    )
    SCRAMBLED = "the video is encrypted ({name}); send the unprotected file"
    ZEROS = "{name} where a video should be: a download or a disk failed; copy or download it again"
    PIECE = "{name} without the beginning that all pieces need; send the whole video as one file"
    UNKNOWN = (
        "{name} that is known here, or its beginning is damaged; check that it plays, and convert it to MP4"
    )


class _Magic(NamedTuple):
    """Bytes that stand at a place in every file of a kind."""

    at: int
    magic: bytes
    kind: Kind
    name: str


_U, _P, _S, _A, _D = Kind.UNSUPPORTED, Kind.PICTURE, Kind.SOUND, Kind.ARCHIVE, Kind.DOCUMENT
_MAGICS = tuple(
    _Magic(*row)
    for row in (
        (0, b"\x89PNG\r\n\x1a\n", _P, "PNG"),
        (0, b"\xff\xd8\xff", _P, "JPEG"),
        (0, b"II*\0", _P, "TIFF"),
        (0, b"MM\0*", _P, "TIFF"),
        (8, b"WEBP", _P, "WebP"),
        (0, b"8BPS", _P, "Photoshop"),
        (0, b"\0\0\0\x0cjP  ", _P, "JPEG 2000"),
        (0, b"\0\0\0\x0cJXL ", _P, "JPEG XL"),
        (0, b"\xff\x0a", _P, "JPEG XL"),
        (0, b"\x76\x2f\x31\x01", _P, "OpenEXR"),
        (0, b"SDPX", _P, "DPX"),
        (0, b"\0\0\x01\0", _P, "icon"),
        (0, b"\x8aMNG\r\n\x1a\n", _U, "MNG animation"),
        (0, b".RMF", _U, "RealMedia"),
        (0, b"FWS", _U, "Flash (SWF)"),
        (0, b"CWS", _U, "Flash (SWF)"),
        (0, b"ZWS", _U, "Flash (SWF)"),
        (32769, b"CD001", _U, "an ISO disk image"),
        (32769, b"BEA01", _U, "a UDF disk image"),
        (0, b"DKIF", _U, "IVF"),
        (0, b"YUV4MPEG2", _U, "raw video (YUV4MPEG2)"),
        (0, b"nut/multimedia container\0", _U, "NUT"),
        (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", _U, "a Windows TV recording (WTV)"),
        (0, b"NSV", _U, "NSV"),
        (0, b"BIK", _U, "Bink video"),
        (0, b"SMK2", _U, "Smacker video"),
        (0, b"\0\0\0\x01\x67", _U, "a bare H.264 stream"),
        (0, b"\0\0\x01\x67", _U, "a bare H.264 stream"),
        (0, b"\0\0\0\x01\x40\x01", _U, "a bare HEVC stream"),
        (0, b"\0\0\x01\xb3", _U, "a bare MPEG video stream"),
        (0, b"\x1f\x07\x00", _U, "raw DV"),
        (0, b"ID3", _S, "MP3"),
        (0, b"fLaC", _S, "FLAC"),
        (8, b"WAVE", _S, "WAV"),
        (8, b"AIFF", _S, "AIFF"),
        (8, b"AIFC", _S, "AIFF"),
        (0, b"caff", _S, "CAF"),
        (0, b".snd", _S, "AU"),
        (0, b"#!AMR", _S, "AMR"),
        (0, b"MThd", _S, "MIDI"),
        (0, b"PK\x03\x04", _A, "ZIP"),
        (0, b"Rar!\x1a\x07", _A, "RAR"),
        (0, b"7z\xbc\xaf\x27\x1c", _A, "7-Zip"),
        (0, b"\x1f\x8b", _A, "gzip"),
        (0, b"BZh", _A, "bzip2"),
        (0, b"\xfd7zXZ\0", _A, "xz"),
        (0, b"\x28\xb5\x2f\xfd", _A, "Zstandard"),
        (257, b"ustar", _A, "tar"),
        (0, b"%PDF-", _D, "PDF"),
        (0, b"{\\rtf", _D, "RTF"),
        (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _D, "Microsoft Office"),
        (0, b"#EXTM3U", Kind.PLAYLIST, "HLS or M3U"),
        (0, b"[playlist]", Kind.PLAYLIST, "PLS"),
        (0, b"WEBVTT", Kind.SUBTITLES, "WebVTT"),
        (0, b"[Script Info]", Kind.SUBTITLES, "ASS"),
        (0, b"\x7fELF", Kind.PROGRAM, "Linux"),
        (0, b"\x1aE\xdf\xa3", Kind.BROKEN, "Matroska or WebM"),
        (8, b"AVI ", Kind.BROKEN, "AVI"),
        (0, b"FLV\x01", Kind.BROKEN, "Flash Video"),
        (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind.BROKEN, "Windows Media"),
        (0, b"OggS", Kind.BROKEN, "Ogg"),
        (0, b"\0\0\x01\xba", Kind.BROKEN, "MPEG program stream"),
        (0, b"GIF8", Kind.BROKEN, "GIF"),
        (0, b"\x06\x0e\x2b\x34", Kind.BROKEN, "MXF"),
    )
)
# Two bytes say little, so these are looked at last: what is a text, say, is no picture.
_WEAK_MAGICS = (
    *(_Magic(0, b"\xff" + bytes([second]), _S, "MP3") for second in (0xFB, 0xF3, 0xF2, 0xFA)),
    *(_Magic(0, b"\xff" + bytes([second]), _S, "AAC") for second in (0xF1, 0xF9)),
    _Magic(0, b"\x0b\x77", _S, "AC-3"),
    _Magic(0, b"BM", _P, "BMP"),
    _Magic(0, b"MZ", Kind.PROGRAM, "Windows"),
)

_NEVER_VIDEOS = frozenset(
    {
        *(Kind.PICTURE, Kind.ARCHIVE, Kind.DOCUMENT, Kind.PLAYLIST),
        *(Kind.SUBTITLES, Kind.TEXT, Kind.WEB_PAGE, Kind.PROGRAM),
    }
)
# So few bytes mark these that a recording which began in the middle of something may have them as well.
_WEAKLY_MARKED = frozenset({"BMP", "JPEG XL", "Windows", "icon"})
_MAYBE_VIDEOS = frozenset({Kind.BROKEN, Kind.WITHOUT_INDEX, Kind.SCRAMBLED})

# Of MP4 and QuickTime files (ISO/IEC 14496-12).
_FIRST_BOXES_OF_PIECES = frozenset({b"styp", b"sidx", b"moof"})
_FIRST_BOXES = _FIRST_BOXES_OF_PIECES | {b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"}
# ISO/IEC 23008-12 and the AVIF specification; sequences of pictures have other brands and are videos.
_STILL_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"avif": "AVIF"}

_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})  #: by Apple

_ROOT_ELEMENT = re.compile(r"<(?:[a-z0-9]++:)?([a-z]++)")
_ROOTS = {
    "svg": (Kind.UNSUPPORTED, "SVG"),
    "mpd": (Kind.PLAYLIST, "DASH"),
    "smoothstreamingmedia": (Kind.PLAYLIST, "Smooth Streaming"),
    "asx": (Kind.PLAYLIST, "ASX"),
    **dict.fromkeys(("html", "head", "body", "script", "title", "meta", "div"), (Kind.WEB_PAGE, "HTML")),
}
_SUBRIP = re.compile(r"\d{1,9}\s{0,9}\n\d{1,9}:\d\d:\d\d,\d{1,9} --> ")


def read_head(path: Path) -> bytes:
    """Read the first bytes of a file, which tell what it is."""
    with open_to_read(path) as file:
        return file.read(HEAD_BYTES)


def still_picture(head: bytes) -> str:
    """Say that a file is a picture that a demuxer for videos would take for one; empty where it is none.

    Cameras store such pictures as many tiles, each of which looks like a video of its own.
    """
    name = _STILL_BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None
    return Kind.PICTURE.format(name=name) if name else ""


def surely_no_video(path: Path, head: bytes) -> str:
    """Say what a file is that begins as no container of a video can; empty where it may be one."""
    kind, name = _kind_of(path, head)
    return kind.format(name=name) if kind in _NEVER_VIDEOS and name not in _WEAKLY_MARKED else ""


def begins_as_video(path: Path, head: bytes) -> bool:
    """Tell whether a file begins as a video does that can be read here, whatever its name is."""
    return _kind_of(path, head)[0] in _MAYBE_VIDEOS and not still_picture(head) and not _is_mp4_sound(head)


def sentence_about(path: Path, head: bytes) -> str:
    """Say what a file is that could not be opened as a video, and name the remedy."""
    kind, name = _kind_of(path, head)
    return kind.format(name=name)


def _kind_of(path: Path, head: bytes) -> tuple[Kind, str]:
    if not head.strip(b"\0"):
        return Kind.ZEROS, "nothing but zeros"
    plain = head.removeprefix(codecs.BOM_UTF8)
    if found := _match(_MAGICS, plain):
        return _refined(found, plain)
    if plain[4:8] in _FIRST_BOXES:
        return _kind_of_mp4(path, plain[4:8])
    if text := _text_of(plain[:_TEXT_BYTES]):
        return _kind_of_text(text)
    found = _match(_WEAK_MAGICS, plain)
    if found is None and _is_transport_stream(plain):
        return (
            (Kind.SCRAMBLED, "scrambled") if is_scrambled(plain) else (Kind.BROKEN, "MPEG transport stream")
        )
    return (found.kind, found.name) if found else (Kind.UNKNOWN, "no kind of video")


def _match(magics: tuple[_Magic, ...], head: bytes) -> _Magic | None:
    return next((one for one in magics if head.startswith(one.magic, one.at)), None)


def _refined(found: _Magic, head: bytes) -> tuple[Kind, str]:
    """Tell apart what begins with the same bytes."""
    if found.name == "PNG" and b"acTL" in head.partition(b"IDAT")[0]:
        return Kind.UNSUPPORTED, "an animated PNG"
    if found.name == "WebP" and head[12:16] == b"VP8X" and int.from_bytes(head[20:21], "big") & 2:
        return Kind.UNSUPPORTED, "an animated WebP"
    if found.name == "ZIP" and b"[Content_Types].xml" in head:
        return Kind.DOCUMENT, "Microsoft Office"
    if found.name == "ZIP" and head.startswith(b"mimetypeapplication/", 30):
        return Kind.DOCUMENT, "OpenDocument or EPUB"
    return found.kind, found.name


def _text_of(head: bytes) -> str:
    """Read the beginning of a text in small letters; nothing where it is no text."""
    coding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    text = head.decode(coding, errors="replace")
    # A character may be cut in two at the end of what was read.
    is_text = all(one != "\ufffd" and (one.isprintable() or one.isspace()) for one in text[:-1])
    return text.strip().lower() if is_text else ""


def _kind_of_text(text: str) -> tuple[Kind, str]:
    if text.startswith("<"):
        root = _ROOT_ELEMENT.search(text)
        is_page = text.startswith("<!doctype html")
        return _ROOTS["html"] if is_page else _ROOTS.get(root[1] if root else "", (Kind.TEXT, "a text (XML)"))
    if text.startswith(("{", "[{", '["')):
        return Kind.TEXT, "a text (JSON)"
    return (Kind.SUBTITLES, "SubRip") if _SUBRIP.match(text) else (Kind.TEXT, "a text")


def _is_mp4_sound(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _SOUND_BRANDS


def _kind_of_mp4(path: Path, first_box: bytes) -> tuple[Kind, str]:
    if first_box in _FIRST_BOXES_OF_PIECES:
        return Kind.PIECE, "a piece of a stream (MP4)"
    return (Kind.WITHOUT_INDEX if _lacks_index(path) else Kind.BROKEN), "MP4"


def _lacks_index(path: Path) -> bool:
    """Tell whether an MP4 file has pictures but no index, which most writers put at the end.

    Source: ISO/IEC 14496-12, 4.2: a box begins with its length of 4 bytes, which may say that 8 more tell it.
    """
    size_bytes, position = path.stat().st_size, 0
    with open_to_read(path) as file:
        for _ in range(MAX_BOXES):
            file.seek(position)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if head[4:8] == b"moov":
                return False
            if length == 1:
                length = int.from_bytes(head[8:], "big")
            position += max(length, 8) if length else size_bytes
            if position >= size_bytes:
                return True
    return False


def _is_transport_stream(head: bytes) -> bool:
    # Discs and cameras put a time of 4 bytes before each packet of 188.
    return any(head[at::size][:3] == b"\x47\x47\x47" for at, size in ((0, 188), (4, 192)))


def is_scrambled(head: bytes) -> bool:
    """Tell whether packets of an MPEG transport stream are encrypted.

    Source: ISO/IEC 13818-1, 2.4.3.3, transport_scrambling_control.
    """
    return head[:1] == b"\x47" and _is_transport_stream(head) and any(flags & 0xC0 for flags in head[3::188])
