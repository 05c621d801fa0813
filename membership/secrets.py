"""Secrets at rest: encrypted columns, blind indexes, and tokens of which only the hash is stored.

`FIELD_KEYS` are Fernet keys, newest first. The newest encrypts; all can decrypt. What must be found by
its content (an e-mail address, the words of a name) has a second column with a keyed hash; its key is
derived from each field key, so that a search works in the middle of a rotation.
"""

import hashlib
import hmac
import secrets as randomness
import unicodedata
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator


@dataclass
class _Keys:
    fernet: MultiFernet | None = None
    index_keys: tuple[bytes, ...] = ()
    signing_key: bytes = b""


_keys = _Keys()


class UnreadableSecretError(Exception):
    """A stored secret fits none of the field keys: the keys of this database are not the ones given."""


def configure(*, field_keys: tuple[str, ...], secret_key: str) -> None:
    """Use these keys from now on (the factory calls it)."""
    _keys.fernet = MultiFernet([Fernet(key) for key in field_keys])
    _keys.index_keys = tuple(_derive(key.encode(), b"blind index") for key in field_keys)
    _keys.signing_key = _derive(secret_key.encode(), b"short signatures")


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"membership: " + purpose, hashlib.sha256).digest()


class Secret(TypeDecorator[str]):
    """A text column that is stored encrypted, e-mail addresses and names above all.

    Python sees str; the database sees bytes that differ each time. It can be compared by nothing but
    its blind index.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encrypt with the newest key."""
        return None if value is None else _fernet().encrypt(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Decrypt with whichever key fits."""
        return None if value is None else open_sealed(value)


class Sealed(bytes):
    """Bytes that are encrypted already (seal_bytes)."""


class SecretBytes(TypeDecorator[bytes]):
    """Bytes that are stored encrypted: what others sent us that has addresses and names in it.

    They may come sealed, from who would not encrypt while others wait for the transaction.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Encrypt with the newest key."""
        return value if value is None or isinstance(value, Sealed) else seal_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Decrypt with whichever key fits."""
        return None if value is None else open_sealed_bytes(value)


def seal_bytes(value: bytes) -> Sealed:
    """Bytes, encrypted with the newest field key."""
    return Sealed(_fernet().encrypt(value))


def open_sealed(value: bytes) -> str:
    """The text of a stored secret, decrypted with whichever field key fits.

    Raises:
        UnreadableSecretError: none does, or the bytes were changed.
    """
    return open_sealed_bytes(value).decode()


def open_sealed_bytes(value: bytes) -> bytes:
    """The bytes of a stored secret; see open_sealed."""
    try:
        return _fernet().decrypt(bytes(value))
    except InvalidToken:
        raise UnreadableSecretError("set MEMBERSHIP_FIELD_KEYS to the keys of this database") from None


def _fernet() -> MultiFernet:
    if _keys.fernet is None:
        raise RuntimeError("secrets.configure has not been called")
    return _keys.fernet


def blind_index(text: str) -> str:
    """The keyed hash (64 hex digits) that a new row stores beside a secret, to be found by."""
    return hmac.new(_keys.index_keys[0], _folded(text), hashlib.sha256).hexdigest()


def blind_indexes(text: str) -> list[str]:
    """The hashes under which a row may be found, the newest key's first; more than one in a rotation."""
    return [hmac.new(key, _folded(text), hashlib.sha256).hexdigest() for key in _keys.index_keys]


def _folded(text: str) -> bytes:
    return unicodedata.normalize("NFC", text).encode()


def new_token() -> str:
    """A random secret of 256 bits for links, safe in an address; store only its `hash_token`."""
    return randomness.token_urlsafe(32)


def new_code() -> str:
    """Six random digits to be typed from a mail."""
    return f"{randomness.randbelow(1_000_000):06d}"


def new_public_id(bits: int = 80) -> str:
    """A random id for addresses and receipts: lower-case letters and digits, 5 bits each, no look-alikes."""
    letters = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
    length = -(-bits // 5)
    number = randomness.randbits(5 * length)
    return "".join(letters[number >> 5 * place & 31] for place in range(length))


def hash_token(token: str, purpose: str) -> str:
    """What is stored of a token: 64 hex digits, different for each purpose, useless to a thief of the database."""
    return hashlib.sha256(f"{purpose}:{token}".encode()).hexdigest()


def sign_short(text: str, purpose: str) -> str:
    """A signature of 20 hex digits (80 bits) that this site alone can make, for values that travel through readers."""
    return hmac.new(_keys.signing_key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()[:20]


def is_signed(text: str, signature: str, purpose: str) -> bool:
    """Whether `sign_short` made this signature, compared in constant time."""
    return hmac.compare_digest(sign_short(text, purpose).encode(), signature.encode())
