"""From JSON to a dataclass: every field of its type, and one sentence where one is not.

Conventions: pydantic checks and is imported here, when the first file is read. Keys that a dataclass does not know are left alone
unless it forbids them, for itself and what it holds: ``__pydantic_config__ = {"extra": "forbid"}``.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def checked(kind: type[T], data: Any, where: str = "") -> T:
    """Return ``data`` as a ``kind``.

    Args:
        kind: A dataclass, or any type that pydantic knows.
        data: Of plain JSON types.
        where: The key that ``data`` stands under, for the message.

    Raises:
        ValueError: A field is missing or says something impossible; the message has the field, what was expected, and what
            stands there.
    """
    from pydantic import ValidationError

    try:
        found: T = _adapter(kind).validate_python(data)  # type: ignore[arg-type]  # a class is hashable
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
        expected = first["msg"].replace("Input should be", "expected").replace("Field required", "missing")
        expected = expected.removeprefix("Value error, ")
        met = "" if first["type"] in ("missing", "value_error") else f", found {first['input']!r}"
        raise ValueError(f"{place}: {expected}{met}" if place else f"{expected}{met}") from error
    return found


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
