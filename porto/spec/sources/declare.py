"""From a document's tree to declared objects, each value through its codec.

Called by `sources/documents.py` for every format. All faults of a document are
found at once, each with its line. The keys of an object are its properties and:

- ``kind``        what it is; without it a container
- ``name``        the full name; below ``containers`` the name within the parent
- ``start``       ``false``: create it, but leave starting to others; default true
- ``containers``  a list of child containers

A property is given as the text that ``portoctl set`` takes or natively (numbers,
booleans, lists, mappings); ``property[index]`` sets one element.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from porto.spec.errors import PortoError
from porto.spec.prop import Property, Rejected, split_index
from porto.spec.sources import nodes
from porto.spec.sources.ct_file import NAME_KEY, START_KEY
from porto.spec.sources.diagnostics import PER_FILE_MAX, Diagnostic, shown, suggestion
from porto.spec.sources.dialect import DEFAULT_KIND, Dialect, Dialects

KIND_KEY = "kind"
FAULTS_MAX = 4 * PER_FILE_MAX
_BLANKS = " \t\n"
_START = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Declared:
    """One object as a file wants it.

    dialect -- how documents speak of its kind
    values -- the properties that the file names, parsed
    lines  -- the line of each of them, by property name
    start  -- whether the file wants it started
    line   -- where the declaration begins
    digest -- equal while what is declared is equal, wherever it stands
    """

    dialect: Dialect
    name: str
    values: Mapping[Property, Any]
    lines: Mapping[str, int]
    start: bool
    line: int
    digest: str


@dataclass(slots=True)
class Declarer:
    """Collects the objects and the faults of one file."""

    path: str
    dialects: Dialects
    declared: list[Declared] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)
    _lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def fault(self, line: int, key: str, reason: str) -> None:
        """Note a fault of the file; noise cannot fill the memory with them."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Diagnostic(self.path, line, key, reason))

    @property
    def usual(self) -> Dialect:
        """That of what does not say its kind."""
        return self.dialects[DEFAULT_KIND]

    def document(self, root: nodes.Node) -> None:
        """A whole document: an object, a list of them, or a list under its kind's plural."""
        if isinstance(root, nodes.Sequence):
            self._list(root, "", self.usual)
            return
        if not isinstance(root, nodes.Mapping):
            noun = self.usual.kind.noun
            self.fault(root.line, "", f"wants a {noun}, not the text {shown(root.text)}")
            return
        key = root.entries[0].key if len(root.entries) == 1 else ""
        for dialect in self.dialects.values():
            if key in dialect.list_keys:
                self._children(root.entries[0], "", dialect)
                return
        self._mapping(root, "", self.usual)

    def object(
        self, dialect: Dialect, node: nodes.Mapping, parent: str = "", default_name: str = ""
    ) -> None:
        """One object with what is declared below it; ``kind`` is no key of it here."""
        self._repeated(node, "")
        inner = dialect.list_keys if dialect.nests else ()
        name = self._name(dialect, node, parent, default_name)
        start = self._start(node)
        values: dict[Property, Any] = {}
        lines: dict[str, int] = {}
        # Whole values first: name[index] changes an element of what the file says.
        for entry in sorted(node.entries, key=lambda item: item.key.endswith("]")):
            if entry.key not in (NAME_KEY, START_KEY, *inner):
                self._property(dialect, entry, values, lines)
        dialect.settle(values, lines, self.fault)
        self.declared.append(
            Declared(dialect, name, values, lines, start, node.line, _digest(name, values, start))
        )
        for entry in node.entries:
            if entry.key in inner:
                self._children(entry, name, dialect)

    def _mapping(self, node: nodes.Mapping, parent: str, usual: Dialect) -> None:
        """An object that may say its kind, `usual` if it does not."""
        said = node.find(KIND_KEY)
        if said is None:
            self.object(usual, node, parent)
            return
        text = said.value.text.strip(_BLANKS) if isinstance(said.value, nodes.Scalar) else ""
        dialect = self.dialects.get(text)
        if dialect is None:
            known = ", ".join(sorted(self.dialects))
            self.fault(said.line, KIND_KEY, f"no such kind: {shown(text)}; there are: {known}")
        elif parent and dialect is not usual:
            self.fault(said.line, KIND_KEY, f"a {text} cannot be declared below {shown(parent)}")
        else:
            rest = [entry for entry in node.entries if entry is not said]
            self.object(dialect, nodes.Mapping(node.line, rest), parent)

    def _children(self, entry: nodes.Entry, parent: str, dialect: Dialect) -> None:
        if isinstance(entry.value, nodes.Sequence):
            self._list(entry.value, parent, dialect)
        elif isinstance(entry.value, nodes.Mapping):
            self._mapping(entry.value, parent, dialect)
        else:
            self.fault(entry.line, entry.key, f"wants a list of {dialect.kind.plural}")

    def _list(self, items: nodes.Sequence, parent: str, dialect: Dialect) -> None:
        for item in items.items:
            if isinstance(item, nodes.Mapping):
                self._mapping(item, parent, dialect)
            else:
                reason = f"wants a {dialect.kind.noun}: a mapping with a name"
                self.fault(item.line, "", reason)

    def _name(self, dialect: Dialect, node: nodes.Mapping, parent: str, default: str) -> str:
        entry = node.find(NAME_KEY)
        if entry is None and not default:
            self.fault(node.line, NAME_KEY, f"the {dialect.kind.noun} has no name")
            return ""
        line, text = node.line, default
        if entry is not None:
            line = entry.line
            if not isinstance(entry.value, nodes.Scalar):
                self.fault(line, NAME_KEY, "wants text")
                return ""
            text = entry.value.text.strip(_BLANKS)
            if not parent:
                text = text.removeprefix(dialect.prefix)
            if default and text != default:
                self.fault(
                    line,
                    NAME_KEY,
                    f"the file says {shown(text)}, but its own name says {shown(default)}",
                )
        name = f"{parent}/{text}" if parent else text
        try:
            dialect.kind.validate_name(name)
        except PortoError as error:
            self.fault(line, NAME_KEY, error.text)
        first = self._lines.setdefault((dialect.kind.noun, name), node.line)
        if first != node.line:
            self.fault(line, NAME_KEY, f"{shown(name)} is declared already on line {first}")
        return name

    def _start(self, node: nodes.Mapping) -> bool:
        entry = node.find(START_KEY)
        if entry is None:
            return True
        text = entry.value.text if isinstance(entry.value, nodes.Scalar) else ""
        if text not in _START:
            self.fault(entry.line, START_KEY, f"cannot be {shown(text)}: neither true nor false")
        return _START.get(text, True)

    def _property(
        self,
        dialect: Dialect,
        entry: nodes.Entry,
        values: dict[Property, Any],
        lines: dict[str, int],
    ) -> None:
        try:
            name, index = split_index(entry.key)
        except PortoError:
            self.fault(entry.line, entry.key, "has an empty index")
            return
        prop = dialect.settable.get(name)
        if prop is None:
            if len(self.faults) < FAULTS_MAX:  # looking for near words is slow
                self.fault(entry.line, entry.key, _unsettable(dialect, name))
            return
        self._repeated(entry.value, f"{entry.key}: ")
        try:
            if index is None:
                values[prop] = _value(prop, entry.value)
            elif isinstance(entry.value, nodes.Scalar):
                old = values.get(prop, prop.default)
                values[prop] = prop.codec.set_index(old, index, entry.value.text.strip(_BLANKS))
            else:
                raise Rejected("an element wants text")
        except Rejected as refusal:
            self.fault(entry.line, entry.key, f"cannot be {_shown(entry.value)}: {refusal.reason}")
        lines.setdefault(prop.name, entry.line)

    def _repeated(self, node: nodes.Node, prefix: str) -> None:
        if isinstance(node, nodes.Mapping):
            for entry, first in node.repeated():
                key = prefix + entry.key
                self.fault(entry.line, key, f"is given twice, first on line {first.line}")


def _value(prop: Property, node: nodes.Node) -> Any:
    if isinstance(node, nodes.Scalar) and isinstance(node.value, str):
        return prop.codec.parse(node.text.strip(_BLANKS))
    try:
        return prop.codec.native(nodes.native(node))
    except Rejected as refusal:
        try:
            if isinstance(node, nodes.Scalar):
                return prop.codec.parse(node.text)
            return prop.codec.native(nodes.native(node, texts=True))
        except Rejected:
            raise refusal from None


def _unsettable(dialect: Dialect, name: str) -> str:
    prop = dialect.kind.properties.get(name)
    if prop is None:
        inner = dialect.list_keys[:1] if dialect.nests else ()
        known = (KIND_KEY, NAME_KEY, START_KEY, *inner, *dialect.settable)
        return f"no such property{suggestion(name, known)}"
    return "is read-only" if prop.prop.read_only else "cannot be set by a file"


def _shown(node: nodes.Node) -> str:
    return shown(node.text if isinstance(node, nodes.Scalar) else str(nodes.native(node)))


def _digest(name: str, values: Mapping[Property, Any], start: bool) -> str:
    parts = [name, str(start)]
    for prop in sorted(values, key=lambda item: item.name):
        parts += [prop.name, prop.codec.format(values[prop])]
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text.encode()).hexdigest()[:16]
