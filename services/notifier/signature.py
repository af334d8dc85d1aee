"""DKIM signatures (RFC 6376) under mail, for shops whose mail server makes none."""

from typing import Final

import dkim
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

SIGNED: Final = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"),
    *(b"list-unsubscribe", b"list-unsubscribe-post"),  # RFC 8058, section 4: one click only under a signature
)


class Signer:
    """Signs for a domain; the public key is in its name system under `selector._domainkey`."""

    def __init__(self, selector: str, domain: str, private_key: str) -> None:
        self._selector = selector.encode("ascii")
        self._domain = domain.encode("idna")
        self._key = private_key.encode("ascii")

    def signed(self, mail: bytes) -> bytes:
        """The mail with its signature before it."""
        header: bytes = dkim.sign(
            mail,
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in SIGNED if b"\r\n" + name + b":" in b"\r\n" + mail.lower()],
        )
        return header + mail


def check_key(private_key: str) -> None:
    """Raises ValueError when it is no RSA key in PEM."""
    try:
        parse_pem_private_key(private_key.encode("ascii"))
    except (UnparsableKeyError, UnicodeEncodeError, ValueError) as error:
        raise ValueError("is no RSA private key in PEM (openssl genrsa -traditional 2048)") from error
