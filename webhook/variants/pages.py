"""What viewers' browsers ask for.

    GET /v1/variants/<platform>/<account>/<id>.json   which pictures an asset has
    GET /v1/variants?ids=mux/main/a1,...              the same of up to 50 assets
    GET /v1/thumbs.js, /v1/thumbs.<version>.js        the script that draws, shows and counts
    GET /v1/posters/<platform>/<account>/<id>.jpg     leads a viewer to their picture

Everything that a cache may keep is the same for everybody: no drawn variant is ever in it.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from webhook import answers
from webhook.assets import AssetId
from webhook.variants.kept import KeptManifests
from webhook.variants.manifests import Name
from webhook.variants.script import Script, read_script
from worker.errors import MalformedPayload
from worker.inbox.storable import is_storable_id
from worker.storage.links import ThumbnailLinks
from worker.trials.assignment import MAX_VIEWER_CHARACTERS

if TYPE_CHECKING:
    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

MOST_IDS = 50  # in one request

# A change is seen within a minute. While we are down, what caches have is shown for 10 minutes more.
MANIFEST_CACHING = "public, max-age=60, stale-while-revalidate=600, stale-if-error=600"
SCRIPT_CACHING = "public, max-age=3600"
VERSION_CACHING = "public, max-age=31536000, immutable"
POSTER_CACHING = "private, no-store"

_PARTS = 3  # of the name of an asset
# One sentence for all of these, so that nobody learns which private videos there are.
_NONE = (
    "there is no picture of this asset for everybody: it is unknown or deleted, shows no picture of ours, or"
    " its pictures are not open to all (a private video, or SIGNED_THUMBNAILS)"
)


def variant_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes; the application must not merge slashes, since ids may begin with one.

    Raises:
        SettingsInvalid: addresses of pictures are to be signed, and there is no secret.
    """
    pages = Blueprint("variants", __name__)
    # Before the routes, which need it.
    pages.record_once(lambda setup: setup.app.url_map.converters.update(asset=AssetId))
    pages.after_request(_open_to_all_sites)
    answers.refuse_quietly(pages)
    ThumbnailLinks.of(settings).check()
    _add_manifests(pages, settings, KeptManifests(settings, database))
    _add_script(pages, read_script())
    return pages


def _add_manifests(pages: Blueprint, settings: Settings, manifests: KeptManifests) -> None:
    @pages.get("/v1/variants/<platform>/<account>/<asset:asset_id>.json")
    def variants(platform: str, account: str, asset_id: str) -> Response:
        name = Name(platform, account, asset_id)
        found = manifests.of([name]).get(name) if all(map(is_storable_id, name)) else None
        if found is None:
            raise NotFound(_NONE)
        return _cached(_as_bytes(found.as_json(settings)), "application/json", MANIFEST_CACHING)

    @pages.get("/v1/variants")
    def many() -> Response:
        """Answer for those that there are; what is unknown is left out, so that one id spoils no page."""
        found = manifests.of([name for name in _asked_for() if all(map(is_storable_id, name))])
        body = {"assets": [manifest.as_json(settings) for manifest in found.values()]}
        return _cached(_as_bytes(body), "application/json", MANIFEST_CACHING)

    @pages.get("/v1/posters/<platform>/<account>/<asset:asset_id>.jpg")
    def poster(platform: str, account: str, asset_id: str) -> Response:
        name, viewer = Name(platform, account, asset_id), request.args.get("viewer", "")
        if len(viewer) > MAX_VIEWER_CHARACTERS:
            raise MalformedPayload(
                f"`viewer` has more than {MAX_VIEWER_CHARACTERS} characters: shorten a hash"
            )
        found = manifests.of([name]).get(name) if all(map(is_storable_id, name)) else None
        if found is None:
            raise NotFound(_NONE)
        response = Response(status=HTTPStatus.FOUND)
        response.location = found.url_for(viewer, settings)
        response.headers["Cache-Control"] = POSTER_CACHING
        return response


def _add_script(pages: Blueprint, script: Script) -> None:
    @pages.get("/v1/thumbs.js")
    def newest() -> Response:
        return _cached(script.body, "text/javascript", SCRIPT_CACHING)

    @pages.get("/v1/thumbs.<version>.js")
    def exactly(version: str) -> Response:
        if version != script.version:
            raise NotFound(
                f"this program has version {script.version}; docs/learning.md has its line of HTML"
            )
        return _cached(script.body, "text/javascript", VERSION_CACHING)


def _asked_for() -> list[Name]:
    """Read `ids`: names of assets and commas; a comma or a per cent sign of an id is written %2C or %25.

    A word that is no name, as "undefined", names nothing that is known, and is left out as such.

    Raises:
        MalformedPayload: there is no name, or there are too many.
    """
    words = dict.fromkeys(",".join(request.args.getlist("ids")).split(","))
    if len(words) > MOST_IDS:
        raise MalformedPayload(f"`ids` has more than {MOST_IDS} assets: ask for the others separately")
    parts = [tuple(map(unquote, word.split("/", _PARTS - 1))) for word in words]
    names = [Name(*part) for part in parts if len(part) == _PARTS]
    if not names:
        raise MalformedPayload(
            "`ids` takes names of assets, as PLATFORM/ACCOUNT/ID, with commas between them"
        )
    return names


def _as_bytes(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _cached(body: bytes, mimetype: str, caching: str) -> Response:
    """Send what caches may hold, or only say that what they have still holds."""
    response = Response(body, mimetype=mimetype)
    response.headers["Cache-Control"] = caching
    response.add_etag()
    response.make_conditional(request)
    return response


def _open_to_all_sites(response: Response) -> Response:
    """Let pages of all origins read an answer: it holds nothing of whoever asks."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
