"""Reads HLS playlists: as much of the grammar as a finished recording needs.

What cannot become one file whose time line is the video's own is refused, with the reason. Discontinuities
part a stream into recordings, each of which can become a file.

Source: RFC 8216, 4 (https://www.rfc-editor.org/rfc/rfc8216)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from worker.download.byte_ranges import ByteRange
from worker.errors import SourceRefused, UnreadableVideo
from worker.http.playlist import MAGIC

# Twelve hours of segments of one second, the shortest that packagers cut.
MAX_SEGMENTS = 43_200

# Longer than any signed address; what needs more is no playlist.
MAX_LINE_CHARACTERS = 16 * 1024
# Beyond a day, the duration of a segment is an error of the packager, or worse.
MAX_SEGMENT_S = 86_400.0

_ATTRIBUTE = re.compile(r'(?:[^",]++|"[^"]*+")++')  # up to the next comma outside quotes
_WHOLE = re.compile(r"[0-9]{1,18}")  # as many digits as fit into 64 bits
_AUDIO_CODECS = ("mp4a", "ac-3", "ec-3", "opus", "flac", "fLaC", "alac")

_INSTEAD = "give an MP4 rendition of it"
_REFUSED = {
    "#EXT-X-DEFINE": "uses variables",
    "#EXT-X-I-FRAMES-ONLY": "holds keyframes only",
}


@dataclass(frozen=True, slots=True)
class VariantStream:
    """One encoding of the video, in a playlist of its own."""

    uri: str
    bandwidth: int  #: peak, bits a second
    short_side_px: int | None  #: the picture's height, or its width where it is upright; None: not said
    codecs: tuple[str, ...] = ()

    @property
    def has_picture(self) -> bool:
        """True unless it is sound alone."""
        return (
            self.short_side_px is not None
            or not self.codecs
            or not all(codec.startswith(_AUDIO_CODECS) for codec in self.codecs)
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or a part of one, that makes up the video."""

    uri: str
    span: ByteRange | None


@dataclass(frozen=True, slots=True)
class Segment(Piece):
    """A few seconds of the video."""

    start_s: float  #: from the start of the video
    duration_s: float

    @property
    def end_s(self) -> float:
        """When it ends, from the start of the video."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Recording:
    """The segments between two discontinuities."""

    segments: tuple[Segment, ...]  #: at least one
    init: Piece | None  #: goes before the first segment of fragmented MP4
    refusal: str = ""  #: why it cannot become one file, and what to do; empty where it can

    @property
    def start_s(self) -> float:
        """When it begins, from the start of the video."""
        return self.segments[0].start_s

    @property
    def end_s(self) -> float:
        """When it ends, from the start of the video."""
        return self.segments[-1].end_s


@dataclass(frozen=True, slots=True)
class Stream:
    """One encoding: one recording, or several with discontinuities between them, such as breaks for ads."""

    recordings: tuple[Recording, ...]  #: at least one


def parse_playlist(text: str) -> tuple[VariantStream, ...] | Stream:
    """Read a master playlist (its variants) or a media playlist (its segments).

    Returns:
        The variants, or the stream that the segments make up.

    Raises:
        UnreadableVideo: not a playlist.
        SourceRefused: live, or of a kind that we do not read.
    """
    lines = [line.strip() for line in text.split("\n")]
    if lines[0] != MAGIC.decode():
        raise UnreadableVideo("not an HLS playlist: its first line is not #EXTM3U")
    try:
        _refuse_long_lines(lines)
        if any(line.startswith("#EXT-X-STREAM-INF:") for line in lines):
            return _read_variants(lines)
        return _read_stream(lines)
    except ValueError as exc:
        raise UnreadableVideo(f"a damaged HLS playlist ({exc})") from exc


def _refuse_long_lines(lines: list[str]) -> None:
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE_CHARACTERS:
            raise ValueError(f"line {number} has {len(line)} characters; {MAX_LINE_CHARACTERS} are read")


def _read_variants(lines: list[str]) -> tuple[VariantStream, ...]:
    variants = []
    told: dict[str, str] | None = None
    for line in lines:
        if line.startswith("#EXT-X-STREAM-INF:"):
            told = _attributes(line)
        elif line and not line.startswith("#") and told is not None:
            sides = [_whole(side) for side in told.get("RESOLUTION", "").split("x") if side]
            codecs = tuple(codec.strip() for codec in told.get("CODECS", "").split(",") if codec)
            variants.append(
                VariantStream(line, _whole(told.get("BANDWIDTH", "0")), min(sides, default=None), codecs)
            )
            told = None
    return tuple(variants)


def _read_stream(lines: list[str]) -> Stream:
    reader = _StreamReader()
    for line in lines:
        if line.startswith("#EXT"):
            reader.read_tag(line)
        elif line and not line.startswith("#"):
            reader.read_uri(line)
    if not reader.has_end:
        raise SourceRefused("is live: its playlist has no end; send the event when the recording is done")
    if not reader.recordings:
        raise UnreadableVideo("the HLS playlist is empty")
    return Stream(tuple(one.finished() for one in reader.recordings))


@dataclass(slots=True)
class _GrowingRecording:
    """A recording of which segments are still being read."""

    init: Piece | None
    segments: list[Segment] = field(default_factory=list)
    refusal: str = ""

    def finished(self) -> Recording:
        return Recording(tuple(self.segments), self.init, self.refusal)


class _StreamReader:
    """Goes through a media playlist line by line: tags describe the URI that comes after them."""

    def __init__(self) -> None:
        self.recordings: list[_GrowingRecording] = []
        self.has_end = False
        self._init: Piece | None = None
        self._cipher = "NONE"
        self._is_new_recording = True
        self._is_gap = False
        self._count = 0
        self._now_s = 0.0
        self._duration_s: float | None = None
        self._range = ""
        self._ends: dict[str, int] = {}  # of the last part of each file

    def read_tag(self, line: str) -> None:
        tag, _, value = line.partition(":")
        match tag:
            case "#EXTINF":
                self._duration_s = _seconds(value.partition(",")[0])
            case "#EXT-X-BYTERANGE":
                self._range = value
            case "#EXT-X-ENDLIST":
                self.has_end = True
            case "#EXT-X-MAP":
                self._read_map(_attributes(line))
            case "#EXT-X-KEY":
                self._cipher = _attributes(line).get("METHOD", "an unknown method")
            case "#EXT-X-DISCONTINUITY":
                self._is_new_recording = True
            case "#EXT-X-GAP":
                self._is_gap = True
            case _ if tag in _REFUSED:
                raise SourceRefused(f"{_REFUSED[tag]} ({tag[1:]}); {_INSTEAD}")

    def _read_map(self, told: dict[str, str]) -> None:
        uri, text = told.get("URI"), told.get("BYTERANGE")
        if not uri:
            raise ValueError("#EXT-X-MAP without a URI")
        self._init = Piece(uri, self._span(text, uri) if text else None)

    def read_uri(self, uri: str) -> None:
        if self._duration_s is None:
            raise ValueError("a segment without #EXTINF")
        if self._count == MAX_SEGMENTS:
            raise SourceRefused(f"has more than {MAX_SEGMENTS} segments")
        if self._is_new_recording:
            self.recordings.append(_GrowingRecording(self._init))
        recording = self.recordings[-1]
        recording.refusal = recording.refusal or self._refusal(recording)
        span = self._span(self._range, uri) if self._range else None
        recording.segments.append(Segment(uri, span, self._now_s, self._duration_s))
        self._now_s += self._duration_s
        self._count += 1
        self._duration_s, self._range, self._is_gap, self._is_new_recording = None, "", False, False

    def _refusal(self, recording: _GrowingRecording) -> str:
        """Say why the next segment keeps its recording from being read; empty where it does not."""
        if self._cipher != "NONE":
            return f"is encrypted ({self._cipher}); give a rendition without encryption or DRM"
        if self._is_gap:
            return f"has gaps (EXT-X-GAP); {_INSTEAD}"
        if self._init != recording.init:
            return f"changes its format on the way (EXT-X-MAP); {_INSTEAD}"
        return ""

    def _span(self, text: str, uri: str) -> ByteRange:
        """Read `LENGTH@FIRST`, or `LENGTH`, which goes on where the last part of the same file ended."""
        length, _, first = text.partition("@")
        if not first and uri not in self._ends:
            raise ValueError("a part of a file without its place")
        span = ByteRange(_whole(first) if first else self._ends[uri], _whole(length))
        if not span.length_bytes:
            raise ValueError("a part of a file without bytes")
        self._ends[uri] = span.first_byte + span.length_bytes
        return span


def _attributes(line: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in _ATTRIBUTE.findall(line.partition(":")[2]))
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text[:20]!r} is no whole number")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MAX_SEGMENT_S:
        raise ValueError(f"{text[:20]!r} is no duration")
    return seconds
