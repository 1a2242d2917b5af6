"""Generated files say what their sources say."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message

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


def test_the_protocol_module_is_made_from_the_protocol_file(tmp_path: Path) -> None:
    if importlib.util.find_spec("grpc_tools") is None:
        pytest.skip("grpcio-tools is not installed")
    from porto.api.proto import rpc_pb2

    folder = ROOT / "porto" / "api" / "proto"
    made = tmp_path / "set"
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc"),
            f"-I{folder}",
            f"--descriptor_set_out={made}",
            str(folder / "rpc.proto"),
        ],
        check=True,
    )
    wanted = descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes()).file[0]
    checked_in = descriptor_pb2.FileDescriptorProto.FromString(rpc_pb2.DESCRIPTOR.serialized_pb)
    wanted.name = checked_in.name
    drop_json_names(wanted)
    drop_json_names(checked_in)
    assert checked_in == wanted
