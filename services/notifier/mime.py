"""A text with its headers as an e-mail on the wire (RFC 5322, MIME).

Put together by hand: the standard library's generator needs several times as long as writing the text itself, and
breaks long links in headers, which receivers take as they stand.
"""

import quopri
from collections.abc import Mapping
from email.header import Header
from email.utils import formataddr


def mail_bytes(plain: str, html: str, headers: Mapping[str, str], *, boundary: str) -> bytes:
    """Both bodies as alternatives, the better one last, under these headers; `boundary` stands in neither."""
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    mail = (
        f"{head}MIME-Version: 1.0\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\n\n'
        f"--{boundary}\n{_part(plain, 'plain')}\n"
        f"--{boundary}\n{_part(html, 'html')}\n"
        f"--{boundary}--\n"
    )
    return mail.replace("\n", "\r\n").encode()


def _part(text: str, kind: str) -> str:
    lines = "\n".join(text.splitlines()) + "\n"
    body = quopri.encodestring(lines.encode()).decode("ascii")
    return f'Content-Type: text/{kind}; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n{body}'


def encoded(text: str, header: str) -> str:
    """Text for a header: as it is, or if it is not ASCII in encoded words (RFC 2047)."""
    return text if text.isascii() else Header(text, "utf-8", header_name=header).encode()


def mailbox(name: str, address: str) -> str:
    """`name <address>`; an address that is not ASCII stays as it is (RFC 6532)."""
    if not name.isascii():
        return f"{encoded(name, 'To')} <{address}>"
    before, _, behind = formataddr((name, "@")).rpartition("@")
    return before + address + behind
