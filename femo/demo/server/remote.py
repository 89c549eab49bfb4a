"""Fetches a file that a visitor names by its address, without becoming their way into the network that this host stands in.

Conventions: a name is resolved once, every address that it has must be public, and the connection goes to the very address that
was checked (``safehttpx.AsyncSecureTransport`` pins it, and verifies certificates by the name), so a name that points elsewhere a
moment later gains nothing. A redirect is a new address and is checked like the first. Proxies of the environment are passed by,
because they would resolve names again.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Final

import httpx
from safehttpx import AsyncSecureTransport

from femo.errors import MediaError

MAX_BYTES: Final = 20_000_000
MAX_S: Final = 15.0
"""For everything: names, redirects, the whole body."""
MAX_REDIRECTS: Final = 3
MAX_PORT: Final = 65_535
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
LOCAL_NAT64: Final = ipaddress.ip_network("64:ff9b:1::/48")
"""A network may translate these to whatever it likes (RFC 8215); Python before 3.11.10 takes them for global."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]


def is_public(address: str) -> bool:
    """Tell whether an address is one of the open Internet, and so is every IPv4 address that it wraps."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if found in LOCAL_NAT64:
        return False
    return all(one.is_global and not one.is_multicast for one in (found, *_wrapped(found)))


def _wrapped(address: Address) -> list[ipaddress.IPv4Address]:
    """IPv4 addresses that an IPv6 address leads to: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inside if one is not None]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as this host's resolver tells them."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


async def fetch(
    url: str,
    *,
    what: str = "picture",
    resolver: Resolve = resolve,
    max_bytes: int = MAX_BYTES,
    max_s: float = MAX_S,
) -> bytes:
    """Return what lies at a public address.

    Args:
        url: http or https.
        what: Noun for the messages; of a picture the server is asked for one.
        resolver: Host and port to addresses.
        max_bytes: Most that is read.
        max_s: Seconds for all of it.

    Raises:
        MediaError: The address is not public, does not answer in time, or sends too much.
    """
    try:
        async with asyncio.timeout(max_s):
            for _ in range(MAX_REDIRECTS + 1):
                body, url = await _step(url, what, resolver, max_bytes)
                if body is not None:
                    return body
    except TimeoutError as error:
        raise MediaError(f"The address did not send its {what} within {max_s:g} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise MediaError("The address cannot be read: it must be a public http or https address.") from error
    raise MediaError(f"The address leads on more than {MAX_REDIRECTS} times.")


async def _step(url: str, what: str, resolver: Resolve, max_bytes: int) -> tuple[bytes | None, str]:
    """Ask one address: its body, or where it leads on."""
    asked = httpx.URL(url)
    if asked.scheme not in ("http", "https") or not asked.host or asked.userinfo:
        raise MediaError("Give an address that begins with http:// or https://, without a name or password in it.")
    accepted = "image/*" if what == "picture" else "*/*"
    transport = AsyncSecureTransport(await _checked(asked, resolver))
    async with (
        httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False) as client,
        client.stream("GET", url, headers={"accept": accepted, "accept-encoding": "identity"}) as answer,
    ):
        if answer.has_redirect_location:
            return None, str(asked.join(answer.headers["location"]))
        if answer.status_code != 200:
            raise MediaError(f"The address answers with status {answer.status_code}, expected a {what}.")
        body = bytearray()
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > max_bytes:
                raise MediaError(f"The {what} is larger than the limit of {max_bytes / 1e6:g} MB.")
        return bytes(body), url


async def _checked(url: httpx.URL, resolver: Resolve) -> str:
    """Return the one address to connect to."""
    port = url.port or (443 if url.scheme == "https" else 80)
    if port > MAX_PORT:
        raise MediaError(
            f"The address has a port above {MAX_PORT}, and there is none: leave it out or correct it."
        )
    try:
        addresses = await asyncio.to_thread(resolver, url.host, port)
    except (OSError, UnicodeError) as error:
        raise MediaError("The address has a name that nobody knows.") from error
    if not addresses or not all(is_public(address) for address in addresses):
        raise MediaError("The address does not lie in the open Internet, so it is not read.")
    return addresses[0]
