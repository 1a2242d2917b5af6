"""From a document's tree to declared containers, each value through its codec.

Called by `sources/documents.py` for every format. All faults of a document are
found at once, each with its line. The keys of a container are its properties and:

- ``name``        the full name; below ``containers`` the name within the parent
- ``start``       ``false``: create it, but leave starting to others; default true
- ``containers``  a list of child containers

A property is given as the text that ``portoctl set`` takes or natively (numbers,
booleans, lists, mappings); ``property[index]`` sets one element.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from porto.spec.containers.names import validate_name
from porto.spec.containers.spec import PROPERTIES, SPEC_PROPERTIES, find_property
from porto.spec.errors import PortoError
from porto.spec.prop import Property, Rejected, split_index
from porto.spec.sources import nodes
from porto.spec.sources.ct_file import ABSOLUTE_PREFIX, NAME_KEY, START_KEY
from porto.spec.sources.diagnostics import PER_FILE_MAX, Diagnostic, shown, suggestion

CHILDREN_KEYS = ("containers", "container")
SETTABLE: Mapping[str, Property] = {p.name: p for p in SPEC_PROPERTIES if p.name != "weak"}
"""What a file may set; a container of a file cannot die with a client."""

_KNOWN = (NAME_KEY, START_KEY, CHILDREN_KEYS[0], *SETTABLE)
FAULTS_MAX = 4 * PER_FILE_MAX
_BLANKS = " \t\n"
_START = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class DeclaredContainer:
    """One container as a file wants it.

    values -- the properties that the file names, parsed
    lines  -- the line of each of them, by property name
    start  -- whether the file wants it started
    line   -- where the declaration begins
    digest -- equal while what is declared is equal, wherever it stands
    """

    name: str
    values: Mapping[Property, Any]
    lines: Mapping[str, int]
    start: bool
    line: int
    digest: str


@dataclass(slots=True)
class Declarer:
    """Collects the containers and the faults of one file."""

    path: str
    containers: list[DeclaredContainer] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)
    _lines: dict[str, int] = field(default_factory=dict)

    def fault(self, line: int, key: str, reason: str) -> None:
        """Note a fault of the file; noise cannot fill the memory with them."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Diagnostic(self.path, line, key, reason))

    def document(self, root: nodes.Node) -> None:
        """A whole document: a container, a list of them, or a list under ``containers``."""
        if isinstance(root, nodes.Sequence):
            self._list(root, "")
        elif not isinstance(root, nodes.Mapping):
            self.fault(root.line, "", f"wants a container, not the text {shown(root.text)}")
        elif len(root.entries) == 1 and root.entries[0].key in CHILDREN_KEYS:
            self._children(root.entries[0], "")
        else:
            self.container(root, "")

    def container(self, node: nodes.Mapping, parent: str, default_name: str = "") -> None:
        """One container with its children."""
        self._repeated(node, "")
        name = self._name(node, parent, default_name)
        start = self._start(node)
        values: dict[Property, Any] = {}
        lines: dict[str, int] = {}
        # Whole values first: name[index] changes an element of what the file says.
        for entry in sorted(node.entries, key=lambda item: item.key.endswith("]")):
            if entry.key not in (NAME_KEY, START_KEY, *CHILDREN_KEYS):
                self._property(entry, values, lines)
        self._command(values, lines)
        self.containers.append(
            DeclaredContainer(name, values, lines, start, node.line, _digest(name, values, start))
        )
        for entry in node.entries:
            if entry.key in CHILDREN_KEYS:
                self._children(entry, name)

    def _children(self, entry: nodes.Entry, parent: str) -> None:
        if isinstance(entry.value, nodes.Sequence):
            self._list(entry.value, parent)
        elif isinstance(entry.value, nodes.Mapping):
            self.container(entry.value, parent)
        else:
            self.fault(entry.line, entry.key, "wants a list of containers")

    def _list(self, items: nodes.Sequence, parent: str) -> None:
        for item in items.items:
            if isinstance(item, nodes.Mapping):
                self.container(item, parent)
            else:
                self.fault(item.line, "", "wants a container: a mapping with a name")

    def _name(self, node: nodes.Mapping, parent: str, default: str) -> str:
        entry = node.find(NAME_KEY)
        if entry is None and not default:
            self.fault(node.line, NAME_KEY, "the container has no name")
            return ""
        line, text = node.line, default
        if entry is not None:
            line = entry.line
            if not isinstance(entry.value, nodes.Scalar):
                self.fault(line, NAME_KEY, "wants text")
                return ""
            text = entry.value.text.strip(_BLANKS)
            if not parent:
                text = text.removeprefix(ABSOLUTE_PREFIX)
            if default and text != default:
                self.fault(
                    line,
                    NAME_KEY,
                    f"the file says {shown(text)}, but its own name says {shown(default)}",
                )
        name = f"{parent}/{text}" if parent else text
        try:
            validate_name(name)
        except PortoError as error:
            self.fault(line, NAME_KEY, error.text)
        first = self._lines.setdefault(name, node.line)
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
        self, entry: nodes.Entry, values: dict[Property, Any], lines: dict[str, int]
    ) -> None:
        try:
            name, index = split_index(entry.key)
        except PortoError:
            self.fault(entry.line, entry.key, "has an empty index")
            return
        prop = SETTABLE.get(name)
        if prop is None:
            if len(self.faults) < FAULTS_MAX:  # looking for near words is slow
                self.fault(entry.line, entry.key, _unsettable(name))
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

    def _command(self, values: dict[Property, Any], lines: dict[str, int]) -> None:
        """command_argv decides command; a file may say both if they agree."""
        command, argv = find_property("command"), find_property("command_argv")
        if argv not in values:
            return
        quoted = shlex.join(values[argv])
        if not values[argv]:
            values.setdefault(command, "")
        elif values.setdefault(command, quoted) != quoted:
            self.fault(lines[command.name], command.name, "says something else than command_argv")
        lines.setdefault(command.name, lines[argv.name])

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


def _unsettable(name: str) -> str:
    prop = PROPERTIES.get(name)
    if prop is None:
        return f"no such property{suggestion(name, _KNOWN)}"
    return "is read-only" if prop.prop.read_only else "cannot be set by a file"


def _shown(node: nodes.Node) -> str:
    return shown(node.text if isinstance(node, nodes.Scalar) else str(nodes.native(node)))


def _digest(name: str, values: Mapping[Property, Any], start: bool) -> str:
    parts = [name, str(start)]
    for prop in sorted(values, key=lambda item: item.name):
        parts += [prop.name, prop.codec.format(values[prop])]
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text.encode()).hexdigest()[:16]
