"""Files that a caller of the API names by their address: an upload of this app, or what lies in the open Internet.

Conventions: an own address stands for the path in it, which is then judged as any path that a caller sends. Everything else is
fetched under the guard of ``server.remote``, one file at a time, so that slow servers hold one place of a line at most, and
becomes an upload like every other.
"""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from gradio.route_utils import API_PREFIX
from gradio.utils import get_upload_folder

from femo.demo.server.remote import fetch
from femo.errors import MediaError

FILE: Final = f"{API_PREFIX}/file="
MOST_LETTERS: Final = 60
"""Of a name: of four bytes each they are fewer than the 255 that a file system takes."""
SCHEMES: Final = ("http://", "https://")


class Addressed:
    """Brings files to hand that are named by their address; runs in the server's one event loop.

    Args:
        arrived: Gets the path of each file that was fetched.
        get: Returns what lies at a public address.
    """

    def __init__(self, arrived: Callable[[str], None], get: Callable[..., Awaitable[bytes]] = fetch) -> None:
        self._arrived, self._get = arrived, get
        self._is_busy = False

    async def at_hand(self, file: Mapping[str, str]) -> Mapping[str, str]:
        """Return a file as an upload; one that has no address, as it is.

        Args:
            file: ``path`` or ``url``, as ``server.arguments`` leaves them.

        Raises:
            MediaError: The address is not public, does not answer in time, sends too much, or another one is being fetched.
        """
        address = file.get("path") or file.get("url", "")
        if not address.lower().startswith(SCHEMES):
            return file
        path = own_upload(address)
        return {"path": await self._fetched(address) if path is None else path}

    async def _fetched(self, address: str) -> str:
        if self._is_busy:
            raise MediaError(
                "Another file is being fetched by its address: try again in a moment, or upload yours."
            )
        self._is_busy = True
        try:
            data = await self._get(address, what="file")
            path = str(await asyncio.to_thread(_kept, data, _name(address)))
            self._arrived(path)
            return path
        finally:
            self._is_busy = False


def own_upload(address: str) -> str | None:
    """Return the path of the upload that an address of this app names, None where it names none."""
    try:
        path = unquote(urlsplit(address).path.partition(FILE)[2])
        file = Path(path).resolve()
    except (OSError, ValueError):  # no address, or no path
        return None
    return str(file) if path and file.is_relative_to(Path(get_upload_folder()).resolve()) else None


def _name(address: str) -> str:
    """Return what to call the file at an address, which messages and tables show."""
    last = Path(unquote(urlsplit(address).path)).name
    return (
        "".join(letter for letter in last if letter.isalnum() or letter in " ._-")[-MOST_LETTERS:].strip(". ")
        or "file"
    )


def _kept(data: bytes, name: str) -> Path:
    """Write a file where an upload of its content and name lies."""
    file = Path(get_upload_folder()) / hashlib.sha256(data).hexdigest() / name
    if file.exists():
        os.utime(file)  # its hour begins anew
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return file.resolve()
