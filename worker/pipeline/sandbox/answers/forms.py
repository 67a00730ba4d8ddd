"""Takes values apart into JSON and pictures, and puts them together again, by their types alone.

The type is the one that a function's annotation promises. Whatever else the JSON holds is an error: another
type, a number that is not finite, a field more or less. So who writes the JSON does not choose what is made
of it.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import types
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Union, get_args, get_origin, get_type_hints

import numpy as np

from worker.pipeline.frames import Rgb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The integers of SQL and of NumPy; those of JSON have no end.
MAX_INTEGER = 2**63 - 1
MAX_TEXT_CHARACTERS = 2000


class Nonsense(Exception):
    """What the child said is no answer to what it was asked; the message says why, in our words."""


class Codec(NamedTuple):
    """How values of one type cross."""

    take_apart: Callable[[Any, list[Rgb]], Any]  #: gives the JSON; adds the pictures to the list
    put_together: Callable[[Any, Iterator[Rgb]], Any]  #: takes the pictures in the same order


def codec_of(function: Callable[..., object]) -> Codec:
    """Return the codec of what a module's function returns, by its annotation.

    Raises:
        TypeError: values of that type do not cross, or there is no annotation.
    """
    if "return" not in function.__annotations__:
        raise TypeError(f"{function.__name__} does not say what it returns, so its answer cannot be checked")
    # Only that one: other annotations may name what is imported for a type checker alone.
    holder = types.SimpleNamespace(__annotations__={"return": function.__annotations__["return"]})
    return codec(get_type_hints(holder, function.__globals__)["return"])


@cache
def codec(form: Any) -> Codec:
    """Return the codec of a type.

    None, bool, int, float, str, enumerations, Fraction and RGB pictures cross, and tuples, lists, optional
    values, named tuples and dataclasses of them. A path does not: `Path()` comes out in its place.

    Raises:
        TypeError: values of that type do not cross.
    """
    origin, members = get_origin(form), get_args(form)
    if origin in {Union, types.UnionType}:
        (member,) = (one for one in members if one is not types.NoneType)
        return _optional(codec(member))
    if origin is list or (origin is tuple and members[1:] == (...,)):
        return _several(origin, codec(members[0]))
    if origin is tuple:
        return _fields(lambda *values: values, tuple, [codec(member) for member in members])
    if form in _SINGLE:
        return _SINGLE[form]
    if isinstance(form, type) and issubclass(form, enum.Enum):
        return _enumeration(form)
    return _record(form)


def clean_text(said: object) -> str:
    """Return a text without control characters and the like, which might forge lines of a log.

    Raises:
        Nonsense: it is no text, or too long.
    """
    if type(said) is not str or len(said) > MAX_TEXT_CHARACTERS:
        _refuse("a text")
    return "".join(letter if letter.isprintable() else " " for letter in said)


def whole_number(said: object) -> int:
    """Return an integer of at most 64 bits.

    Raises:
        Nonsense: it is none.
    """
    # By its exact type: True is an int to isinstance.
    if type(said) is not int or abs(said) > MAX_INTEGER:
        _refuse("an integer")
    return said


def finite_number(said: object) -> float:
    """Return a float that is neither infinite nor NaN.

    Raises:
        Nonsense: it is none.
    """
    if type(said) is not float or not math.isfinite(said):
        _refuse("a number")
    return said


def items(said: object) -> list[Any]:
    """Return a list.

    Raises:
        Nonsense: it is none.
    """
    if type(said) is not list:
        _refuse("a list")
    return said


def _refuse(wanted: str) -> NoReturn:
    raise Nonsense(f"{wanted} was expected")


def _boolean(said: object, _pictures: Iterator[Rgb]) -> bool:
    if type(said) is not bool:
        _refuse("true or false")
    return said


def _nothing(said: object, _pictures: Iterator[Rgb]) -> None:
    if said is not None:
        _refuse("null")


def _fraction(said: object, _pictures: Iterator[Rgb]) -> Fraction:
    parts = [whole_number(part) for part in items(said)]
    if len(parts) != 2 or parts[1] <= 0:  # noqa: PLR2004 - numerator and denominator
        _refuse("a fraction")
    return Fraction(*parts)


def _path(said: object, _pictures: Iterator[Rgb]) -> Path:
    _nothing(said, _pictures)
    return Path()


def _next_picture(said: object, pictures: Iterator[Rgb]) -> Rgb:
    _nothing(said, pictures)
    picture = next(pictures, None)
    if picture is None:
        _refuse("a picture")
    return picture


def _add_picture(picture: Rgb, pictures: list[Rgb]) -> None:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:  # noqa: PLR2004 - RGB
        raise TypeError(f"no RGB picture: {picture.dtype}, {picture.shape}")
    pictures.append(picture)


NOTHING = Codec(lambda _value, _pictures: None, _nothing)
"""The codec of None."""

_PICTURE = Codec(_add_picture, _next_picture)

# NumPy's numbers become Python's, which JSON knows; a float keeps its exact value.
_SINGLE: dict[Any, Codec] = {
    types.NoneType: NOTHING,
    Rgb: _PICTURE,
    bool: Codec(lambda value, _pictures: bool(value), _boolean),
    int: Codec(lambda value, _pictures: int(value), lambda said, _pictures: whole_number(said)),
    float: Codec(lambda value, _pictures: float(value), lambda said, _pictures: finite_number(said)),
    str: Codec(lambda value, _pictures: str(value), lambda said, _pictures: clean_text(said)),
    Fraction: Codec(lambda value, _pictures: [value.numerator, value.denominator], _fraction),
    Path: Codec(lambda _value, _pictures: None, _path),
}


def _optional(member: Codec) -> Codec:
    return Codec(
        lambda value, pictures: None if value is None else member.take_apart(value, pictures),
        lambda said, pictures: None if said is None else member.put_together(said, pictures),
    )


def _several(kind: Callable[[Iterator[Any]], Any], member: Codec) -> Codec:
    return Codec(
        lambda values, pictures: [member.take_apart(value, pictures) for value in values],
        lambda said, pictures: kind(member.put_together(one, pictures) for one in items(said)),
    )


def _enumeration(form: type[enum.Enum]) -> Codec:
    members = {member.value: member for member in form}

    def put_together(said: object, _pictures: Iterator[Rgb]) -> enum.Enum:
        if type(said) is not str or said not in members:
            _refuse(f"one of {', '.join(members)}")
        return members[said]

    return Codec(lambda value, _pictures: value.value, put_together)


def _record(form: Any) -> Codec:
    """Return the codec of a dataclass or a named tuple: its fields in order, without their names."""
    if dataclasses.is_dataclass(form):
        names = [field.name for field in dataclasses.fields(form)]
    elif isinstance(form, type) and issubclass(form, tuple) and hasattr(form, "_fields"):
        names = list(form._fields)
    else:
        raise TypeError(f"no {form} crosses from the decode process")
    hints = get_type_hints(form)
    fields = [codec(hints[name]) for name in names]
    return _fields(form, lambda value: [getattr(value, name) for name in names], fields)


def _fields(make: Callable[..., Any], values_of: Callable[[Any], Any], fields: list[Codec]) -> Codec:
    def take_apart(value: Any, pictures: list[Rgb]) -> list[Any]:
        return [field.take_apart(one, pictures) for field, one in zip(fields, values_of(value), strict=True)]

    def put_together(said: object, pictures: Iterator[Rgb]) -> Any:
        parts = items(said)
        if len(parts) != len(fields):
            _refuse(f"{len(fields)} values")
        return make(*(field.put_together(part, pictures) for field, part in zip(fields, parts, strict=True)))

    return Codec(take_apart, put_together)
