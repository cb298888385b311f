"""Strict reading of JSON: a wrong shape is an UnexpectedReplyError, never a KeyError.

Messages name the field and what was expected there, never what was found: the
system config holds passwords.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import json
from typing import Self

from .errors import NotImmichError, UnexpectedReplyError


@dataclass(frozen=True, slots=True)
class Reply:
    """One successful reply. `content` is decompressed."""

    status: int
    content_type: str
    """Without parameters, in lower case: `application/json`."""
    content: bytes = field(repr=False)
    set_cookies: tuple[str, ...] = field(repr=False, default=())
    """Values of the `Set-Cookie` headers."""

    def json(self) -> object:
        """Return the body as JSON.

        Raises NotImmichError for a web page, as of a proxy's login, and
        UnexpectedReplyError for JSON that is damaged.
        """
        try:
            value: object = json.loads(self.content)
        except (ValueError, RecursionError) as error:
            if self.content_type and "json" not in self.content_type:
                raise NotImmichError("The reply is not from Immich's API") from error
            raise UnexpectedReplyError("The reply is not JSON") from error
        return value

    def as_object(self) -> JsonObject:
        """Return the body as a JSON object."""
        return JsonObject.of(self.json(), "reply")

    def as_list(self) -> Iterator[JsonObject]:
        """Return the body as a list of JSON objects."""
        return _objects(self.json(), "reply")


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A JSON object whose fields are read by the type that they must have."""

    values: Mapping[str, object] = field(repr=False)
    path: str

    @classmethod
    def of(cls, value: object, path: str) -> Self:
        """Wrap a value that must be an object."""
        if not isinstance(value, dict):
            raise UnexpectedReplyError(f"{path} is not an object")
        return cls(value, path)

    def text(self, name: str) -> str:
        """Return a string."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a string")
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean."""
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def number(self, name: str) -> int:
        """Return a whole number."""
        value = _whole_number(self.values.get(name))
        if value is None:
            raise self._wrong(name, "a whole number")
        return value

    def section(self, name: str) -> JsonObject:
        """Return an object inside this one."""
        return JsonObject.of(self.values.get(name), f"{self.path}.{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) != len(value):
            raise self._wrong(name, "a list of strings")
        return texts

    def optional_flag(self, name: str) -> bool:
        """Return a boolean, False when it is missing or of another type."""
        return self.values.get(name) is True

    def optional_text(self, name: str) -> str | None:
        """Return a string, None when it is missing or of another type."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def optional_number(self, name: str) -> int | None:
        """Return a whole number, None when it is missing or of another type."""
        return _whole_number(self.values.get(name))

    def optional_section(self, name: str) -> Mapping[str, object] | None:
        """Return the fields of an object inside, None when there is none."""
        value = self.values.get(name)
        return value if isinstance(value, dict) else None

    def _wrong(self, name: str, expected: str) -> UnexpectedReplyError:
        """Build the error for a field."""
        return UnexpectedReplyError(f"{self.path}.{name} is not {expected}")


def _objects(value: object, path: str) -> Iterator[JsonObject]:
    """Wrap each item of a list of objects."""
    if not isinstance(value, list):
        raise UnexpectedReplyError(f"{path} is not a list")
    for index, item in enumerate(value):
        yield JsonObject.of(item, f"{path}[{index}]")


def _whole_number(value: object) -> int | None:
    """Return a JSON number that is whole, as JavaScript may write 1.0 for 1."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None
