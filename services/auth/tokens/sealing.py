"""What the service's secret is used for: sealing signing keys at rest, and refresh tokens that follow one another."""

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12  # bytes


class WrongSecret(Exception):
    """The signing keys in the database were sealed with another ZHIBIAO_AUTH_SECRET."""


class Sealer:
    """Keys of their own for each purpose, all derived from one secret."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(_derived(secret, b"zhibiao auth signing keys"))
        self._chain = _derived(secret, b"zhibiao auth refresh tokens")

    def seal(self, raw: bytes, label: str) -> bytes:
        """The bytes encrypted and bound to a label."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, raw, label.encode())

    def unseal(self, sealed: bytes, label: str) -> bytes:
        """What was sealed under this label; raises WrongSecret."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
        except InvalidTag:
            raise WrongSecret() from None

    def successor(self, refresh_token: str) -> str:
        """The one refresh token that can follow this one: a retry gets it again, nobody else can compute it."""
        return _text(hmac.digest(self._chain, refresh_token.encode(), "sha256"))


def fresh_secret() -> str:
    """256 random bits as URL-safe text."""
    return _text(secrets.token_bytes(32))


def digest(secret: str) -> bytes:
    """What is stored of a random secret; one hash suffices, for 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
