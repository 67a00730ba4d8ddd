"""Files that people take for videos, or that break off: the first bytes of each kind, written by hand."""

from __future__ import annotations

from typing import NamedTuple


class NotVideo(NamedTuple):
    """A file that gives no picture, and what is to be said about it."""

    content: bytes
    sentence: str


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + bytes(4)


_SEND = "send the video file"
_CONVERT = "is not supported; convert it to MP4"
_PNG = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", bytes(13))
_SECTORS = bytes(16 * 2048)
_WEB = "a web page (HTML), not a video; get the file itself, without a login, not the page around it"
_HLS = f"a playlist (HLS or M3U), which only names videos; {_SEND} itself"


def _picture(name: str) -> str:
    return f"a picture ({name}), not a video; {_SEND}"


def _sound(name: str) -> str:
    return f"sound only ({name}); send the file with the picture"


def _archive(name: str) -> str:
    return f"an archive ({name}), not a video; unpack it and send the video in it"


def _document(name: str) -> str:
    return f"a document ({name}), not a video; {_SEND}"


def _broken(name: str) -> str:
    return f"a video ({name}) that is damaged or was cut short; copy or download it again"


_NO_INDEX = (
    "the index of this MP4 file is missing: it was cut short, or the recording never ended; "
    "copy or download the whole file again"
)
_PIECE = (
    "a piece of a stream (MP4) without the beginning that all pieces need; send the whole video as one file"
)
_ZEROS = "nothing but zeros where a video should be: a download or a disk failed; copy or download it again"
_UNKNOWN = (
    "no kind of video that is known here, or its beginning is damaged; check that it plays, "
    "and convert it to MP4"
)

NOT_VIDEOS: dict[str, NotVideo] = {
    name: NotVideo(content, sentence)
    for name, content, sentence in (
        ("still.png", _PNG + _chunk(b"IDAT", b"acTL"), _picture("PNG")),
        (
            "moving.png",
            _PNG + _chunk(b"acTL", bytes(8)) + _chunk(b"IDAT", b""),
            f"an animated PNG {_CONVERT}",
        ),
        ("still.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", _picture("JPEG")),
        ("raw.dng", b"II*\0\x08\0\0\0", _picture("TIFF")),
        ("scan.bmp", b"BM\x36\xc0\x01\0\0\0\0\0\x36\0\0\0", _picture("BMP")),
        ("still.webp", b"RIFF\x40\0\0\0WEBPVP8 " + bytes(20), _picture("WebP")),
        ("moving.webp", b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(9), f"an animated WebP {_CONVERT}"),
        ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", _picture("HEIC")),
        ("photo.avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", _picture("AVIF")),
        ("drawing.svg", b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg width="9"/>', f"SVG {_CONVERT}"),
        ("old.rm", b".RMF\0\0\0\x12\0\x01", f"RealMedia {_CONVERT}"),
        ("banner.swf", b"CWS\x0a\x10\x20\0\0", f"Flash (SWF) {_CONVERT}"),
        ("disc.iso", _SECTORS + b"\x01CD001\x01\0", f"an ISO disk image {_CONVERT}"),
        ("test.ivf", b"DKIF\0\0\x20\0VP90", f"IVF {_CONVERT}"),
        ("test.y4m", b"YUV4MPEG2 W64 H64 F25:1\n", f"raw video (YUV4MPEG2) {_CONVERT}"),
        ("camera.264", b"\0\0\0\x01\x67\x42\x00\x1e", f"a bare H.264 stream {_CONVERT}"),
        ("song.mp3", b"ID3\x04\0\0\0\0\0\0", _sound("MP3")),
        ("untagged.mp3", b"\xff\xfb\x90\x64" + bytes(99), _sound("MP3")),
        ("song.flac", b"fLaC\0\0\0\x22", _sound("FLAC")),
        ("song.wav", b"RIFF\x24\0\0\0WAVEfmt ", _sound("WAV")),
        ("all.zip", b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(20) + b"a.mp4", _archive("ZIP")),
        ("all.rar", b"Rar!\x1a\x07\x01\0", _archive("RAR")),
        ("all.7z", b"7z\xbc\xaf\x27\x1c\0\x04", _archive("7-Zip")),
        ("all.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0", _archive("gzip")),
        ("all.tar", b"a.mp4".ljust(257, b"\0") + b"ustar\x0000", _archive("tar")),
        ("script.pdf", b"%PDF-1.7\n%\xe2\xe3", _document("PDF")),
        ("script.docx", b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", _document("Microsoft Office")),
        ("stream.m3u8", b"#EXTM3U\n#EXTINF:1,\n0.ts\n", _HLS),
        ("marked.m3u8", b"\xef\xbb\xbf#EXTM3U\n", _HLS),
        ("stream.mpd", b'<?xml version="1.0"?>\n<MPD type="static"/>', _HLS.replace("HLS or M3U", "DASH")),
        ("radio.pls", b"[playlist]\nFile1=a\n", _HLS.replace("HLS or M3U", "PLS")),
        ("lines.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", f"subtitles (SubRip), not a video; {_SEND}"),
        ("lines.vtt", b"WEBVTT\n\n", f"subtitles (WebVTT), not a video; {_SEND}"),
        ("login.html", b"\n<!DOCTYPE html>\n<html><title>Log in</title>", _WEB),
        ("old.html", b"<HTML><BODY>404</BODY></HTML>", _WEB),
        (
            "denied.mp4",
            b'<?xml version="1.0"?><Error><Code>AccessDenied',
            f"a text (XML), not a video; {_SEND}",
        ),
        ("answer.json", b'{"error": "gone"}', f"a text (JSON), not a video; {_SEND}"),
        ("notes.txt", "Für später: das Ende kürzen\n".encode(), f"a text, not a video; {_SEND}"),
        ("notes.utf16.txt", "A line\n".encode("utf-16"), f"a text, not a video; {_SEND}"),
        ("player", b"\x7fELF\x02\x01\x01\0", f"a program (Linux), not a video; {_SEND}"),
        ("player.exe", b"MZ\x90\0\x03\0\0\0", f"a program (Windows), not a video; {_SEND}"),
        ("upload.mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\xff\xffmdat" + bytes(999), _NO_INDEX),
        ("long.mov", b"\0\0\0\x08wide\0\0\0\x01mdat\0\0\0\x01\0\0\0\0" + bytes(99), _NO_INDEX),
        ("bent.mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x18moov\0\0\0\x10cmov\0\0\0\x08dcom", _broken("MP4")),
        ("part.m4s", b"\0\0\0\x10stypmsdh\0\0\0\0" + bytes(9), _PIECE),
        ("bent.mkv", b"\x1aE\xdf\xa3\xff\xff\xff\xff", _broken("Matroska or WebM")),
        ("hole.mp4", bytes(9000), _ZEROS),
        ("unknown.bin", bytes(range(128, 256)) * 9, _UNKNOWN),
    )
}
