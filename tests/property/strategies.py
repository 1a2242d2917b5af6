"""Hypothesis strategies shared by the property tier: values, specs, records, names."""

import string
from typing import Any

from hypothesis import strategies as st

from porto.spec.codecs import (
    ArgvCodec,
    Bool,
    ControllersCodec,
    CpuPower,
    CpuSetCodec,
    DeviceItem,
    DevicesCodec,
    DiskLimits,
    Duration,
    EnvCodec,
    GroupName,
    Int,
    LabelsCodec,
    Octal,
    OptionalSize,
    PathText,
    Period,
    Seconds,
    Size,
    Text,
    UintMapCodec,
    UlimitCodec,
    UserName,
    Weight,
    Word,
)
from porto.spec.codecs.controllers import WORDS
from porto.spec.codecs.cpuset import COUNTED, INHERIT, MASK
from porto.spec.codecs.disks import parse_key
from porto.spec.codecs.ulimit import TYPES, UNLIMITED
from porto.spec.containers.intent import Client, ContainerIntent
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, SPEC_PROPERTIES, ContainerSpec
from porto.spec.containers.status import ContainerStatus, Process, State
from porto.spec.cpulist import CPU_MAX, format_cpus
from porto.spec.errors import EError
from porto.spec.prop import Codec, Property
from porto.spec.records.record import Run
from porto.spec.records.status import Condition

UINT64 = st.integers(0, (1 << 64) - 1)
NAME_LETTERS = string.ascii_letters + string.digits + "_-@:."

# Biased towards what text formats stumble over.
AWKWARD = st.sampled_from(list(";:=\\ \t\n'\"[]{}#%,-0"))
CHARACTERS = AWKWARD | st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def texts(max_size: int = 20) -> st.SearchStrategy[str]:
    """Any text that a process could be given."""
    return st.text(CHARACTERS, max_size=max_size)


def trimmed_texts(max_size: int = 20) -> st.SearchStrategy[str]:
    """Any text as a text property keeps it."""
    return texts(max_size).map(lambda text: text.strip(" \t\n"))


def name_parts() -> st.SearchStrategy[str]:
    """One part of a container's name."""
    return st.text(NAME_LETTERS, min_size=1, max_size=8).filter(
        lambda part: part not in ("self", ".", "..")
    )


def names(max_level: int = 4) -> st.SearchStrategy[str]:
    """Valid full names of containers."""
    return st.lists(name_parts(), min_size=1, max_size=max_level).map("/".join)


def variable_names() -> st.SearchStrategy[str]:
    """Names of environment variables, orderly and other ones."""
    identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
    other = st.text(CHARACTERS, min_size=1, max_size=8).filter(
        lambda name: "=" not in name and not any(letter.isspace() for letter in name)
    )
    return identifiers | other


def env_values() -> st.SearchStrategy[Any]:
    """Environments in canonical form."""
    pairs = st.tuples(variable_names(), st.none() | texts()).filter(
        lambda pair: pair[1] is not None or ":" not in pair[0]
    )
    return st.lists(pairs, max_size=5, unique_by=lambda pair: pair[0]).map(tuple)


@st.composite
def ulimit_values(draw: st.DrawFn) -> Any:
    """Limits in canonical form."""
    limits = []
    for name in sorted(draw(st.sets(st.sampled_from(TYPES), max_size=4))):
        hard = draw(st.just(UNLIMITED) | st.integers(0, (1 << 64) - 2))
        top = (1 << 64) - 2 if hard == UNLIMITED else hard
        soft = draw(st.integers(UNLIMITED if hard == UNLIMITED else 0, top))
        limits.append((name, soft, hard))
    return tuple(limits)


def label_values() -> st.SearchStrategy[Any]:
    """Labels in canonical form."""
    prefixes = st.text(string.ascii_uppercase, min_size=2, max_size=16).filter(
        lambda prefix: not prefix.startswith("PORTO")
    )
    part = st.text(NAME_LETTERS, min_size=1, max_size=8)
    names_ = st.tuples(prefixes, part).map(".".join)
    return st.dictionaries(names_, part, max_size=5).map(lambda d: tuple(sorted(d.items())))


def uint_maps() -> st.SearchStrategy[Any]:
    """Maps of numbers in canonical form."""
    keys = trimmed_texts(8).filter(bool)
    return st.dictionaries(keys, UINT64, max_size=5).map(
        lambda d: tuple(sorted(d.items(), key=lambda item: item[0].encode()))
    )


def controllers_values() -> st.SearchStrategy[Any]:
    """A set of controllers, or changes to the default, in canonical form."""
    names = st.sets(st.sampled_from(WORDS), max_size=5).map(
        lambda found: tuple(word for word in WORDS if word in found)
    )
    flags = st.lists(st.booleans(), min_size=5, max_size=5)
    changes = st.tuples(names, flags).map(lambda pair: tuple(zip(*pair, strict=False)))
    return names | changes


def cpu_set_values() -> st.SearchStrategy[Any]:
    """Wishes for CPUs in canonical form."""
    cpus = st.sets(st.integers(0, 40) | st.integers(0, CPU_MAX), min_size=1, max_size=8)
    masks = cpus.map(lambda found: (MASK, format_cpus(sum(1 << cpu for cpu in found))))
    numbers = st.integers(1, CPU_MAX).map(str)
    return st.just(INHERIT) | masks | st.tuples(st.sampled_from(COUNTED), numbers)


def disk_limits() -> st.SearchStrategy[Any]:
    """Limits by disk in canonical form."""
    letters = CHARACTERS.filter(lambda letter: letter not in " \t\n")
    disks = st.text(letters, min_size=1, max_size=8).filter(lambda name: name[0] not in "/.")
    below = trimmed_texts(8).filter(lambda text: parse_key(f"/{text}").text == f"/{text}")
    targets = disks | below.map(lambda text: f"/{text}") | st.just("fs")
    keys = st.tuples(targets, st.sampled_from(["", " r", " w"])).map("".join)
    return st.dictionaries(keys, UINT64, max_size=5).map(
        lambda d: tuple(sorted(d.items(), key=lambda item: item[0].encode()))
    )


def powers(codec: CpuPower) -> st.SearchStrategy[int]:
    """CPU power in ns per second, of six digits."""
    digits = st.tuples(st.integers(0, 999_999), st.integers(0, 10))
    return digits.map(lambda pair: codec.parse(f"{pair[0] * 10 ** pair[1]}ns"))


def paths(top: str) -> st.SearchStrategy[str]:
    """Normal paths below a directory."""
    part = st.text(CHARACTERS.filter(lambda c: c != "/"), min_size=1, max_size=6).filter(
        lambda part: part not in (".", "..")
    )
    return st.lists(part, min_size=1, max_size=3).map(lambda parts: top + "/" + "/".join(parts))


@st.composite
def device_items(draw: st.DrawFn) -> DeviceItem:
    """One device with its access, or a preset."""
    if draw(st.integers(0, 9)) == 0:
        return DeviceItem("preset", draw(texts(8).filter(bool)))
    letters = draw(st.sampled_from(["r", "w", "m", "rw", "rwm", "-"]))
    access = letters + draw(st.sampled_from(["", "*", "?", "*?"]))
    words = [draw(paths("/dev")), draw(st.none() | st.integers(0, 0o777)), "root", "root"]
    keep = draw(st.integers(0, 4))
    name, mode, user, group = (*words[:keep], *("", None, "", "")[keep:])
    if mode is None:
        user = group = ""
    return DeviceItem(draw(paths("") | paths("/dev")), access, name, mode, user, group)


def devices_values() -> st.SearchStrategy[Any]:
    """Lists of devices in canonical form."""
    return st.lists(device_items(), max_size=4).map(tuple)


def argv_values() -> st.SearchStrategy[tuple[str, ...]]:
    """Argument lists; the program's name is not empty."""
    return st.just(()) | st.tuples(texts(8).filter(bool), st.lists(texts(8), max_size=4)).map(
        lambda pair: (pair[0], *pair[1])
    )


def values(codec: Codec[Any]) -> st.SearchStrategy[Any]:
    """Every kind of value that `codec` can hold."""
    match codec:
        case Bool():
            return st.booleans()
        case Int():
            return st.integers(codec.minimum, codec.maximum)
        case Octal():
            return st.integers(0, codec.maximum)
        case OptionalSize():
            return st.none() | UINT64
        case Size() | Duration() | Seconds():
            return UINT64
        case Word():
            return st.sampled_from(codec.choices)
        case CpuPower():
            return powers(codec)
        case Period():
            return st.integers(codec.minimum, codec.maximum)
        case UserName() | GroupName():
            return st.sampled_from(["root", "4000000000"] if not codec.registered else ["root"])
        case PathText() | Text():
            return trimmed_texts()
        case ArgvCodec():
            return argv_values()
        case EnvCodec():
            return env_values()
        case UlimitCodec():
            return ulimit_values()
        case Weight():
            return st.floats(0.01, 100).map(lambda weight: float(f"{weight:g}"))
        case LabelsCodec():
            return label_values()
        case ControllersCodec():
            return controllers_values()
        case DiskLimits():
            return disk_limits()
        case CpuSetCodec():
            return cpu_set_values()
        case UintMapCodec():
            return uint_maps()
        case DevicesCodec():
            return devices_values()
    raise TypeError(f"no strategy for {type(codec).__name__}")


def settings() -> st.SearchStrategy[tuple[Property, Any]]:
    """A property and a value of it."""
    return st.sampled_from(SPEC_PROPERTIES).flatmap(
        lambda prop: st.tuples(st.just(prop), values(prop.codec))
    )


@st.composite
def specs(draw: st.DrawFn) -> ContainerSpec:
    """Specs with any properties set."""
    spec = DEFAULT_SPEC
    for prop, value in draw(st.lists(settings(), max_size=8)):
        spec = spec.with_value(prop, value)
    return spec


FINITE = st.floats(0, 1e12, allow_nan=False)
COUNT = st.integers(0, 1 << 40)


def intents() -> st.SearchStrategy[ContainerIntent]:
    """Any desired life."""
    groups = st.lists(COUNT, max_size=3).map(tuple)
    clients = st.builds(Client, pid=COUNT, start=COUNT, uid=COUNT, gid=COUNT, groups=groups)
    return st.builds(
        ContainerIntent,
        run=st.sampled_from(Run),
        paused=st.booleans(),
        launch=COUNT,
        kill_at=FINITE,
        origin=trimmed_texts(),
        client=st.none() | clients,
    )


def statuses() -> st.SearchStrategy[ContainerStatus]:
    """Any status."""
    processes = st.builds(
        Process,
        launch_id=texts(8),
        init_pid=COUNT,
        init_start=COUNT,
        task_pid=COUNT,
        task_start=COUNT,
        task_vpid=COUNT,
    )
    conditions = st.builds(
        Condition,
        kind=st.sampled_from(["Stuck", "Drift"]),
        facet=texts(8),
        message=texts(),
        code=st.sampled_from(EError),
    )
    return st.builds(
        lambda **values: ContainerStatus().changed(**values),
        state=st.sampled_from([state for state in State if state is not State.DESTROYED]),
        launched=COUNT,
        process=st.none() | processes,
        exit_status=st.none() | st.integers(0, 65535),
        oom_killed=st.booleans(),
        creation_time=FINITE,
        start_mono=FINITE,
        start_error=texts(),
        start_error_code=st.sampled_from(EError),
        stdout_offset=COUNT,
        conditions=st.lists(conditions, max_size=3).map(tuple),
    )


def records() -> st.SearchStrategy[ContainerRecord]:
    """Any record of a first-level container."""
    return st.builds(
        ContainerRecord,
        id=st.integers(4, 16383),
        name=name_parts(),
        spec=specs(),
        intent=intents(),
        status=statuses(),
        generation=COUNT,
        origins=st.dictionaries(texts(8), texts(8), max_size=3),
        source=texts(),
    )
