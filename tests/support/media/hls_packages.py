"""Cuts clips into HLS streams as packagers do, and joins streams as those do that put ads into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INDEX = "index.m3u8"
END = "#EXT-X-ENDLIST\n"

# The ways in which packagers cut: a file for each segment or parts of one, MPEG-TS or fragmented MP4.
PACKAGERS = {
    "ts": {},
    "ts-parts": {"hls_flags": "single_file"},
    "mp4": {"hls_segment_type": "fmp4"},
    "mp4-parts": {"hls_segment_type": "fmp4", "hls_flags": "single_file"},
}


def package(folder: Path, clip: Path, name: str, packager: str) -> dict[str, bytes]:
    """Cut a clip into segments of a second, at its keyframes.

    Args:
        folder: to work in.
        clip: with a picture; its sound is left out.
        name: of the stream, which is the folder of its files on the server.
        packager: one of `PACKAGERS`.

    Returns:
        The files, the playlist `INDEX` among them, by their paths on a server.
    """
    out = folder / name
    out.mkdir()
    cut = {"hls_time": "1", "hls_playlist_type": "vod", **PACKAGERS[packager]}
    with av.open(clip) as source, av.open(out / INDEX, "w", format="hls", options=cut) as stream:
        picture = source.streams.video[0]
        target = stream.add_stream_from_template(picture)
        for packet in source.demux(picture):
            if packet.dts is not None:
                packet.stream = target
                stream.mux(packet)
    return {f"/{name}/{path.name}": path.read_bytes() for path in out.iterdir()}


def join(files: dict[str, bytes], names: Sequence[str]) -> bytes:
    """Write the playlist of streams that play one after the other, with discontinuities between them."""
    bodies = [_body(files[f"/{name}/{INDEX}"].decode(), name) for name in names]
    return ("#EXTM3U\n#EXT-X-VERSION:7\n" + "#EXT-X-DISCONTINUITY\n".join(bodies) + END).encode()


def _body(playlist: str, name: str) -> str:
    """Read the segments of a playlist, with addresses that hold from anywhere on the server."""
    lines = playlist.replace(END, "").replace('URI="', f'URI="/{name}/').splitlines()
    kept = [line for line in lines if not line.startswith("#") or line.startswith(("#EXTINF", "#EXT-X-MAP"))]
    return "".join(line + "\n" if line.startswith("#") else f"/{name}/{line}\n" for line in kept)
