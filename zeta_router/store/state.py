"""A codec for learned state: any policy's plain objects as JSON, and back. Never pickle: a snapshot runs no code."""

from __future__ import annotations

import importlib
import math
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

HOME = "zeta_router."
"""Modules whose classes may be restored; beside them that of the policy itself."""

_FACTORIES: dict[str, Callable[[], Any]] = {
    "int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict, "set": set, "tuple": tuple
}  # fmt: skip


class Unstorable(Exception):
    """Something in a policy's state is no plain data, or a snapshot is none of ours."""


def dump(root: object) -> Any:
    """Return an object and all it consists of as JSON data; what is shared inside stays shared.

    Handles numbers, strings, None, enums, lists, tuples, sets, dicts (any keys), deques, counters, default and ordered
    dicts, numpy float arrays, and objects of plain classes (with `__dict__` or `__slots__`), named tuples included.

    Raises:
        Unstorable: There is something else; the text says what.
    """
    return _Dumper().dump(root)


def modules_of(root: object) -> frozenset[str]:
    """Return the modules of all classes that an object consists of.

    Raises:
        Unstorable: As `dump`.
    """
    dumper = _Dumper()
    dumper.dump(root)
    return frozenset(dumper.modules)


def restore(data: Any, *, also: Collection[str] = ()) -> Any:
    """Return the object of `dump`. Makes objects without calling their constructors.

    Args:
        data: What `dump` returned, perhaps by way of JSON.
        also: Modules beside Zeta's own whose classes may be made: the policy's.

    Raises:
        Unstorable: The data is damaged, or names a class that may not be made.
    """
    try:
        return _Restorer(also).restore(data)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ImportError, RecursionError) as error:
        raise Unstorable(f"the state cannot be restored ({type(error).__name__})") from error


def attributes(thing: object) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of an object's `__slots__` and `__dict__`."""
    seen: set[str] = set()
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            if name.startswith("__") and not name.endswith("__"):
                name = f"_{kind.__name__.lstrip('_')}{name}"
            if name not in seen and name not in ("__dict__", "__weakref__") and hasattr(thing, name):
                seen.add(name)
                yield name, getattr(thing, name)
    yield from getattr(thing, "__dict__", {}).items()


def transplant(source: object, target: object) -> None:
    """Give `target` the whole state of `source`, an object of the same class. They share it afterwards."""
    if hasattr(target, "__dict__"):
        target.__dict__.clear()
    for name, value in tuple(attributes(source)):
        object.__setattr__(target, name, value)


class _Dumper:
    """One walk; objects that were met are numbered, so that meeting them again writes the number."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self._numbers: dict[Hashable, int] = {}
        self._kept: list[object] = []  # keeps ids from being used again while the walk lasts

    def dump(self, thing: Any) -> Any:
        kind = type(thing)
        if thing is None or kind in (str, bool, int):
            return thing
        if isinstance(thing, float):  # numpy's float64 is one
            return float(thing) if math.isfinite(thing) else {"f": repr(float(thing))}
        if kind is tuple:
            return [self.dump(part) for part in thing]
        if isinstance(thing, Enum):
            return {"e": [self._named(kind), thing.name]}
        if isinstance(thing, tuple) and hasattr(kind, "_fields"):
            return {"n": [self._named(kind), [self.dump(part) for part in thing]]}
        # of frozen values equal ones are one: whether they are the same object must not show
        identity = (kind, thing) if _is_value(thing) else id(thing)
        number = self._numbers.get(identity)
        if number is not None:
            return {"r": number}
        self._numbers[identity] = len(self._kept)
        self._kept.append(thing)
        return self._container(thing, kind)

    def _named(self, kind: type) -> str:
        self.modules.add(kind.__module__)
        return _name(kind)

    def _pairs(self, thing: Mapping[Any, Any]) -> list[Any]:
        return [[self.dump(key), self.dump(value)] for key, value in thing.items()]

    def _container(self, thing: Any, kind: type) -> Any:
        if kind is list:
            return {"l": [self.dump(part) for part in thing]}
        if kind is dict:
            return {"d": self._pairs(thing)}
        if kind in (set, frozenset):
            tag = "s" if kind is set else "z"
            return {tag: [self.dump(part) for part in sorted(thing, key=repr)]}
        if kind is deque:
            return {"q": [thing.maxlen, [self.dump(part) for part in thing]]}
        if kind is defaultdict:
            return {"D": [_factory(thing.default_factory), self._pairs(thing)]}
        if kind is OrderedDict:
            return {"O": self._pairs(thing)}
        if kind is Counter:
            return {"C": self._pairs(thing)}
        if kind is MappingProxyType:
            return {"M": self._pairs(thing)}
        if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and thing.dtype.kind in "fiub":
            return {"a": [str(thing.dtype), list(thing.shape), [self.dump(part) for part in thing.ravel().tolist()]]}
        if callable(thing) or kind.__module__ == "builtins" or not _is_plain(thing):
            raise Unstorable(f"a {kind.__module__}.{kind.__qualname__} cannot be stored")
        return {"o": [self._named(kind), {name: self.dump(value) for name, value in attributes(thing)}]}


class _Restorer:
    """One walk; objects are numbered in the order in which `_Dumper` met them."""

    def __init__(self, also: Collection[str]) -> None:
        self._also = also
        self._met: list[Any] = []
        self._classes: dict[str, Any] = {}

    def restore(self, data: Any) -> Any:
        if isinstance(data, list):
            return tuple(self.restore(part) for part in data)
        if not isinstance(data, dict):
            return data
        ((tag, body),) = data.items()
        if tag == "f":
            return float(body)
        if tag == "r":
            return self._met[body]
        if tag == "e":
            return self._class(body[0])[body[1]]
        return self._container(tag, body)

    def _pairs(self, into: Any, pairs: list[Any]) -> Any:
        for key, value in pairs:
            into[self.restore(key)] = self.restore(value)
        return into

    def _late(self, make: Callable[[], Any]) -> Any:
        """Make something that must know its parts first; its number is that of its place before them."""
        number = len(self._met)
        self._met.append(None)
        self._met[number] = made = make()
        return made

    def _early(self, made: Any) -> Any:
        self._met.append(made)
        return made

    def _container(self, tag: str, body: Any) -> Any:
        if tag == "l":
            made = self._early([])
            made.extend(self.restore(part) for part in body)
            return made
        if tag in ("d", "O", "C"):
            return self._pairs(self._early({"d": dict, "O": OrderedDict, "C": Counter}[tag]()), body)
        if tag == "M":
            return self._late(lambda: MappingProxyType(self._pairs({}, body)))
        if tag == "D":
            return self._pairs(self._early(defaultdict(self._factory(body[0]))), body[1])
        if tag in ("s", "z"):
            return self._late(lambda: (set if tag == "s" else frozenset)(self.restore(part) for part in body))
        if tag == "q":
            made = self._early(deque(maxlen=body[0]))
            made.extend(self.restore(part) for part in body[1])
            return made
        if tag == "n":
            return self._class(body[0])._make(self.restore(part) for part in body[1])
        if tag == "a":
            import numpy

            return self._early(numpy.array(self.restore(body[2]), dtype=body[0]).reshape(body[1]))
        if tag == "o":
            kind = self._class(body[0])
            made = self._early(kind.__new__(kind))
            for name, value in body[1].items():
                object.__setattr__(made, name, self.restore(value))
            return made
        raise Unstorable(f"{tag!r} is no known kind of state")

    def _factory(self, name: str | None) -> Callable[[], Any] | None:
        if name is None or name in _FACTORIES:
            return None if name is None else _FACTORIES[name]
        made: Callable[[], Any] = self._class(name)
        return made

    def _class(self, name: str) -> Any:
        found = self._classes.get(name)
        if found is None:
            found = self._classes[name] = self._find_class(name)
        return found

    def _find_class(self, name: str) -> Any:
        module, _, path = name.partition(":")
        if module.startswith(HOME):
            importlib.import_module(module)
        elif module not in self._also:
            raise Unstorable(f"the class {name} may not be made from a snapshot")
        found: Any = sys.modules[module]
        for part in path.split("."):
            found = getattr(found, part)
        if not isinstance(found, type) or found.__module__ != module:
            raise Unstorable(f"{name} is no class")
        return found


def _name(kind: type) -> str:
    if "<locals>" in kind.__qualname__:
        raise Unstorable(f"{kind.__qualname__} is a class within a function: it could not be found again")
    return f"{kind.__module__}:{kind.__qualname__}"


def _factory(factory: Any) -> str | None:
    if factory is None:
        return None
    if factory in _FACTORIES.values():
        return str(factory.__name__)
    if isinstance(factory, type):
        return _name(factory)
    raise Unstorable("a default factory that is no class cannot be stored")


def _is_value(thing: object) -> bool:
    """Whether an object can be compared and never changes: a frozen dataclass of such."""
    parameters = getattr(type(thing), "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        return False
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def _is_plain(thing: object) -> bool:
    """Whether an object is nothing but its attributes: no C type whose inside cannot be seen."""
    if is_dataclass(thing):
        return all(hasattr(thing, field.name) for field in fields(thing))
    return "__slots__" in vars(type(thing)) or hasattr(thing, "__dict__")
