"""Generated files say what their sources say."""

import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message

from scripts import generate_wire

ROOT = Path(__file__).resolve().parents[2]


def test_the_property_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "property_reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr


def test_the_tables_of_messages_are_up_to_date() -> None:
    checked_in = (ROOT / generate_wire.TABLES).read_text()
    assert checked_in == generate_wire.tables(), "run scripts/generate_wire.py"


@pytest.fixture
def compiler() -> None:
    if importlib.util.find_spec("grpc_tools") is None:
        pytest.skip("grpcio-tools is not installed")


@pytest.mark.usefixtures("compiler")
def test_the_protocol_modules_are_up_to_date(tmp_path: Path) -> None:
    made = generate_wire.compile_modules(tmp_path)
    assert len(made) == 2 * len(generate_wire.SOURCES)
    for path in made:
        checked_in = ROOT / path.relative_to(tmp_path)
        ours, theirs = checked_in.read_text().splitlines(), path.read_text().splitlines()
        if ours[4] != theirs[4]:
            pytest.skip(f"made by another compiler: {ours[4]!r}, here {theirs[4]!r}")
        assert ours == theirs, "run scripts/generate_wire.py"


def drop_json_names(message: Message) -> None:
    """Clear what only descriptor sets spell out, at every depth."""
    for descriptor, value in message.ListFields():
        if descriptor.name == "json_name":
            message.ClearField("json_name")
        elif isinstance(value, str | bytes | int | float | bool):
            continue
        else:
            for part in value if isinstance(value, Iterable) else [value]:
                if isinstance(part, Message):
                    drop_json_names(part)


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("source", generate_wire.SOURCES)
def test_a_protocol_module_is_made_from_its_source(source: str, tmp_path: Path) -> None:
    module = importlib.import_module(source.removesuffix(".proto").replace("/", ".") + "_pb2")
    made = tmp_path / "set"
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc"),
            f"-I{ROOT}",
            f"--descriptor_set_out={made}",
            source,
        ],
        check=True,
    )
    wanted = descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes()).file[0]
    checked_in = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    drop_json_names(wanted)
    drop_json_names(checked_in)
    assert checked_in == wanted
