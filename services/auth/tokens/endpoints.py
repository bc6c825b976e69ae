"""Signing in and out, and what anybody needs to check a token alone."""

import base64
from typing import Annotated, Any

from fastapi import Form, Header, Request

from contracts.access import TokenAnswer
from kernel.app import errors, router
from kernel.auth import ALGORITHM
from kernel.clock import today
from kernel.errors import MalformedRequest, Said, UnsupportedGrantType
from services.auth.context import Hashing, Tokens
from services.auth.tokens import service

routes = router(tags=["Access"])

_Text = Annotated[str | None, Form(max_length=1024)]


@routes.post("/api/v1/oauth/token", responses=errors(429))
async def token(
    issuer: Tokens,
    passwords: Hashing,
    grant_type: Annotated[str, Form(max_length=64)],
    username: _Text = None,
    password: _Text = None,
    refresh_token: _Text = None,
    client_id: _Text = None,
    client_secret: _Text = None,
    scope: Annotated[str | None, Form(max_length=1024, description="Ignored: rights come from grants")] = None,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> TokenAnswer:
    """Sign in (password), renew a session (refresh_token), or sign in an API client (client_credentials)."""
    if grant_type == "password":
        return await service.sign_in(issuer, passwords, _given(username), _given(password))
    if grant_type == "refresh_token":
        return await service.renew(issuer, _given(refresh_token))
    if grant_type == "client_credentials":
        name, secret = _basic(authorization) or (_given(client_id), _given(client_secret))
        return await service.sign_in_client(issuer, name, secret, today())
    raise UnsupportedGrantType()


@routes.post("/api/v1/oauth/revoke", responses=errors())
async def revoke(issuer: Tokens, token: Annotated[str, Form(max_length=4096)]) -> dict[str, str]:
    """End the session that a refresh token belongs to; an unknown token is answered alike (RFC 7009)."""
    await service.revoke(issuer, token)
    return {}


@routes.get("/.well-known/jwks.json")
async def jwks(issuer: Tokens) -> dict[str, Any]:
    """The public keys that check access tokens (RFC 7517)."""
    return dict((await issuer.key_set()).as_dict(private=False))


@routes.get("/.well-known/oauth-authorization-server")
async def server_metadata(request: Request, issuer: Tokens) -> dict[str, Any]:
    """Where a client finds what it needs to sign in (RFC 8414)."""
    base = str(request.base_url).rstrip("/")
    return {
        "issuer": issuer.name,
        "token_endpoint": f"{base}/api/v1/oauth/token",
        "revocation_endpoint": f"{base}/api/v1/oauth/revoke",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "grant_types_supported": ["password", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "response_types_supported": [],
        "access_token_signing_alg_values_supported": [ALGORITHM],
    }


def _given(value: str | None) -> str:
    if not value or "\0" in value:
        raise MalformedRequest(
            Said(
                "此 grant_type 所需的表单字段缺失或无效。",
                "a form field that this grant_type needs is missing or not valid",
            )
        )
    return value


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Client id and secret of a Basic header; None without one."""
    scheme, _, coded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        raise MalformedRequest() from None
    return name, secret
