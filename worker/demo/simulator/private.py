"""Private videos, where a platform has them: their files are opened by a token in the address."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import jwt
from flask import abort, request

if TYPE_CHECKING:
    from worker.demo.simulator.library import LibraryVideo


def require_token(video: LibraryVideo, **claims: str) -> None:
    """Refuse the present request for a private video unless its token claims this.

    The simulation holds no half of the key, so it does not check who signed the token.
    """
    if not video.is_private:
        return
    try:
        said = jwt.decode(request.args.get("token", ""), options={"verify_signature": False})
    except jwt.DecodeError:
        abort(HTTPStatus.FORBIDDEN, "The video is private, and no token is shown.")
    # More may be claimed than what is asked for here: who the key is of, and when the token runs out.
    if claims.items() - said.items():
        abort(HTTPStatus.FORBIDDEN, "The token opens another video, or nothing of this kind.")
