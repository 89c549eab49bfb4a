"""What in an address grants access: hidden wherever an address is shown, and no part of what its file is known by.

Conventions: an address is a URL. What signs it, what says how long, and whom it lets in change from day to day, while the file
behind it stays; a parameter that may name the file itself (``key``, ``id``, ``v``) is never taken for a grant. ``…`` stands for
what is hidden.
"""

import hashlib
import re
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

WEB: Final = ("http://", "https://")
USER: Final = re.compile(r"(?<=://)(?:[^/?#\s'\"]+|[^/?#\s'\"@:]*:(?!\d*/)[^?#\s'\"@]{0,4096})@")
"""With a password perhaps, in which a / may stand though it should be encoded; of ``host:80/@`` it is none."""
_WORDS: Final = (
    "sig|token|key|secret|pass|pw|credential|policy|auth|jwt|hmac|hdn|gda|bearer|ticket|session|md5|verify|otp"
)
_NAMED: Final = rf"[\w.-]{{0,200}}(?:{_WORDS})[\w.-]{{0,200}}"
"""Bounded, as passwords with a / are: else an address of many words takes the square of its length in steps."""
HIDDEN: Final = re.compile(
    rf"(?P<name>[?&;#][\w.%-]{{0,200}}(?:{_WORDS})[\w.%-]{{0,200}}=)[^&;#\s'\"]+", re.IGNORECASE
)
"""Parameters that grant access, and all that are called alike: better one too many hidden than one too few."""
_TIMES: Final = r"%(?P<n>(?:25)*)"
"""How often a character is encoded, as often as ``n`` says and once more; ``_AS_OFTEN`` is another of the same address."""
_AS_OFTEN: Final = "%(?P=n)"


def _user_after(scheme: str) -> re.Pattern[str]:
    """Return what finds a user and a password in an address that is a parameter of another, as ``USER`` does in the other."""
    whole = rf"(?:(?!{_AS_OFTEN}(?:2F|3F|23))[^/?#&;\s'\"])+"
    name = rf"(?:(?!{_AS_OFTEN}(?:2F|3F|23|3A|40))[^/?#&;\s'\"@:])*"
    password = rf"(?:(?!{_AS_OFTEN}(?:3F|23|40))[^?#&;\s'\"@]){{0,4096}}"
    with_slash = rf"{name}(?::|{_AS_OFTEN}3A)(?!\d*(?:/|{_AS_OFTEN}2F)){password}"
    return re.compile(rf"(?P<scheme>{scheme})(?:{whole}|{with_slash})(?P<at>@|{_AS_OFTEN}40)", re.IGNORECASE)


ENCODED_USER: Final = (
    _user_after(rf"{_TIMES}3A(?:/|{_AS_OFTEN}2F){{2}}"),
    _user_after(rf":{_TIMES}2F{_AS_OFTEN}2F"),
    re.compile(rf"(?P<scheme>://)[^/?#&;\s'\"]+?(?P<at>{_TIMES}40)", re.IGNORECASE),
)
"""In part perhaps: not every tool encodes a colon, a slash, or an at sign."""
_VALUE: Final = rf"(?:(?!{_AS_OFTEN}(?:26|3B|23))[^&;#\s'\"])+"
ENCODED_HIDDEN: Final = (
    re.compile(rf"(?P<name>(?:[?&;#]|%(?:25)*(?:3F|26|3B|23)){_NAMED}{_TIMES}3D){_VALUE}", re.IGNORECASE),
    re.compile(rf"(?P<name>{_TIMES}(?:3F|26|3B|23){_NAMED}=){_VALUE}", re.IGNORECASE),
)
PASSWORD: Final = re.compile(r"(?<=://)(?P<user>[^/?#@:]*):[^/?#]*@")
ALWAYS: Final = re.compile(
    r"sig|signature|(x-amz-)?security-token|(access|auth|id|private|session)[_-]?token|jwt|(auth|access|(x-)?api)[_-]?key|"
    r"(ocp-apim-)?subscription-key|.*(secret|passw|credential).*|pwd|authorization|hdn(ts|ea|tl)|__token__"
)
"""What grants access whatever else is asked: parameters by their whole name."""
SIGNED: Final = (
    ({"x-amz-signature"}, re.compile(r"x-amz-.*")),
    ({"x-goog-signature"}, re.compile(r"x-goog-.*")),
    (
        {"x-oss-signature"},
        re.compile(r"x-oss-(signature.*|credential|date|expires|security-token|additional-headers)"),
    ),
    (
        {"q-signature"},
        re.compile(
            r"q-(sign-algorithm|ak|sign-time|key-time|header-list|url-param-list|signature)|x-cos-security-token"
        ),
    ),
    (
        {"signature"},
        re.compile(r"expires|policy|key-pair-id|hash-algorithm|awsaccesskeyid|googleaccessid|(oss)?accesskeyid"),
    ),
    (
        {"sig", "sv"},
        re.compile(r"s[veriptsp]|srt|sdd|ses|spr|sip|s[aku]oid|sktid|sk[tesv]|scid|sduoid|skdutid"),
    ),
)
"""Ways to sign (S3, Google, Alibaba, Tencent; S3 of old, CloudFront; Azure): the parameters that tell one, and all of its own."""
EXPIRY: Final = re.compile(r"exp(ir(es|y|ation|es_in))?")
"""How long a grant lasts, where there is one."""
WEAK: Final = ("token", "auth")
"""These may be the name of a file (``/get?token=3``), and are none where the path is one already."""
SAFE: Final = "".join(chr(code) for code in range(33, 127) if chr(code) not in "\"'<>\\^`{|}")
SENT: Final = re.compile(rf"https?://[{re.escape(SAFE)}]*")
TAG_DIGITS: Final = 12


def without_secrets(text: str) -> str:
    """Return a text in which no address tells a user, a password, or the value of a parameter that grants access."""
    text = HIDDEN.sub(r"\g<name>…", USER.sub("…@", text))
    if "%" not in text:
        return text
    for user in ENCODED_USER:
        text = user.sub(r"\g<scheme>…\g<at>", text)
    for parameter in ENCODED_HIDDEN:
        text = parameter.sub(r"\g<name>…", text)
    return text


def spelt_out(url: str) -> str:
    """Return an address as it is sent: its scheme in small letters, what none on the web may hold encoded as browsers do."""
    if SENT.fullmatch(url):
        return url
    scheme, mark, rest = url.partition("://")
    url = scheme.lower() + mark + rest if mark else url
    return quote(url, safe=SAFE, errors="surrogateescape") if url.startswith(WEB) else url


def lasting(url: str, endings: tuple[str, ...]) -> str:
    """Return what a file is known by: its address without what grants access, and as it is where there is none.

    Args:
        url: The address.
        endings: Those of files that are looked for, such as ``.mp4``: a path with one of them names the file.
    """
    if not url.startswith(WEB):
        return PASSWORD.sub(r"\g<user>@", url)
    if "?" not in url and "@" not in url:
        return url
    before, hash_mark, fragment = USER.sub("", url).partition("#")
    path, _, query = before.partition("?")
    named = unquote(path).lower().endswith(endings)
    kept = _without_grants(query, names_file=named)
    return path + (f"?{kept}" if kept else "") + hash_mark + fragment


def _without_grants(query: str, *, names_file: bool) -> str:
    pieces = re.split(r"(?=[&;])", query)
    names = [unquote_plus(piece.lstrip("&;").partition("=")[0]).lower() for piece in pieces]
    own = [pattern for told, pattern in SIGNED if told <= set(names)]
    grants = {name for name in names if ALWAYS.fullmatch(name) or any(p.fullmatch(name) for p in own)}
    grants |= set(WEAK) & set(names) if names_file else set()
    if not grants:
        return query
    grants |= {name for name in names if EXPIRY.fullmatch(name)}
    return "".join(piece for piece, name in zip(pieces, names, strict=True) if name not in grants).lstrip("&;")


def shown(known: str, folder: str = "") -> str:
    """Return what tables call a file: what it is known by, and where that is partly hidden a tag that tells it from others.

    Two files that only differ in what is hidden, such as ``/get?key=a`` and ``/get?key=b``, are two in every table. A tag is
    the same in every run.

    Args:
        known: What ``lasting`` says.
        folder: With its last slash, where names are told from there.
    """
    plain = known.removeprefix(folder)
    text = without_secrets(plain)
    if text == plain:
        return text
    return f"{text}#{hashlib.sha256(known.encode()).hexdigest()[:TAG_DIGITS]}"
