"""A client in C++ on generated code: our rpc.proto as other languages see it.

The schema goes through Debian's protoc, the client is built with g++ and libprotobuf;
where one of them is missing the tests are skipped with the reason.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

import porto.wire

HERE = Path(__file__).parent / "cpp"
PROTO = Path(porto.wire.__path__[0]) / "rpc.proto"
BUILD_TIMEOUT_S = 300
RUN_TIMEOUT_S = 60

pytestmark = pytest.mark.timeout(BUILD_TIMEOUT_S + RUN_TIMEOUT_S)


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built client."""
    for tool in ("protoc", "g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    build = tmp_path_factory.mktemp("cpp")
    header = "#include <google/protobuf/message.h>\n"
    probe = subprocess.run(
        ["g++", "-E", "-x", "c++", "-", "-o", "/dev/null"],
        input=header,
        text=True,
        capture_output=True,
        check=False,
    )
    if probe.returncode:
        pytest.skip("libprotobuf-dev is not installed")
    subprocess.run(
        ["protoc", f"--proto_path={PROTO.parent}", f"--cpp_out={build}", PROTO.name], check=True
    )
    done = subprocess.run(
        [
            *("g++", "-std=c++17", "-O0", "-w", f"-I{build}", "-o", str(build / "client")),
            *(str(HERE / "client.cc"), str(build / "rpc.pb.cc"), "-lprotobuf", "-lpthread"),
        ],
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return build / "client"


@pytest.mark.parametrize("scenario", ["version", "life-cycle", "errors", "split", "spec", "events"])
def test_client(client: Path, daemon, scenario: str) -> None:
    done = subprocess.run(
        [client, daemon.socket, scenario],
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
