"""A real OpenID provider of one person, at its own port: discovery, PKCE, codes that work once, RS256."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug import Response as AnyResponse

CLIENT_ID, CLIENT_SECRET = "thumbs", "the secret of the pages at the provider"


@dataclass
class OidcProvider:
    """The provider. What it states of its person, and what it does wrong, can be changed while it runs."""

    issuer: str = ""
    #: Of the person who is signed in there; None leaves a claim out.
    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "p1",
            "email": "Anna@Example.com",
            "email_verified": True,
            "name": "Anna",
        }
    )
    in_user_info: tuple[str, ...] = ()  #: claims that only the UserInfo endpoint tells
    denies: str = ""  #: the error that it sends people back with
    signs_with: RSAKey | None = None  #: a key that it does not publish
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    delay_s: float = 0.0  #: before each answer
    is_down: bool = False
    asked: Counter[str] = field(default_factory=Counter)  #: how often for each address

    def settings(self) -> dict[str, str]:
        """Return the variables of the pages."""
        return {
            "REVIEW_OIDC_ISSUER": self.issuer,
            "REVIEW_OIDC_CLIENT_ID": CLIENT_ID,
            "REVIEW_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }

    def application(self) -> Flask:
        """Make its endpoints."""
        app = Flask(__name__)
        app.before_request(self._be_ill)
        app.get("/.well-known/openid-configuration")(self._metadata)
        app.get("/authorize")(self._authorize)
        app.post("/token")(self._token)
        app.get("/keys")(lambda: jsonify(KeySet([self.key]).as_dict(private=False)))
        app.get("/userinfo")(self._user_info)
        return app

    def _be_ill(self) -> tuple[str, int] | None:
        self.asked[request.path] += 1
        time.sleep(self.delay_s)
        return ("down", 503) if self.is_down else None

    def _metadata(self) -> Response:
        return jsonify(
            issuer=self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint=f"{self.issuer}/token",
            jwks_uri=f"{self.issuer}/keys",
            userinfo_endpoint=f"{self.issuer}/userinfo",
        )

    def _authorize(self) -> AnyResponse:
        asked = request.args
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        assert asked["client_id"] == CLIENT_ID
        if self.denies:
            return redirect(
                f"{asked['redirect_uri']}?{urlencode({'error': self.denies, 'state': asked['state']})}"
            )
        code = secrets.token_urlsafe()
        self.codes[code] = dict(asked)
        return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    def _token(self) -> Response | tuple[Response, int]:
        given = request.authorization
        if given is None or (given.username, given.password) != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="invalid_client"), 401
        asked = self.codes.pop(request.form["code"], None)
        challenge = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        if asked is None or asked["redirect_uri"] != request.form["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        if base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]:
            return jsonify(error="invalid_grant"), 400
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        stated = {name: value for name, value in (usual | self.claims).items() if value is not None}
        signed = {name: value for name, value in stated.items() if name not in self.in_user_info}
        id_token = jwt.encode(
            {"alg": "RS256", "kid": self.key.ensure_kid() or self.key.kid},
            signed,
            self.signs_with or self.key,
        )
        return jsonify(access_token="at", token_type="Bearer", expires_in=300, id_token=id_token)  # noqa: S106

    def _user_info(self) -> Response | tuple[Response, int]:
        if request.headers.get("Authorization") != "Bearer at":
            return jsonify(error="invalid_token"), 401
        return jsonify({name: value for name, value in self.claims.items() if value is not None})


@contextmanager
def running_provider() -> Iterator[OidcProvider]:
    """Run a provider until the end of the block."""
    provider = OidcProvider()
    server = make_server("127.0.0.1", 0, provider.application(), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
