"""portoctl version and raw.

Called by `main`. `raw` is for people who debug the protocol and the only command that
needs the protobuf package.
"""

from __future__ import annotations

from porto.cli.portoctl.main import complain
from porto.client.exceptions import PortoException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options


def version(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print our version and the daemon's."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        print(f"client: {installed('porto')}")
    except PackageNotFoundError:
        print("client: unknown")
    answer = remote.call("version")["version"]
    print(f"server: {answer['tag']} {answer['revision']}".rstrip())
    return 0


def raw(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Send a request written as protobuf text, print the answer the same way."""
    from google.protobuf import text_format
    from google.protobuf.message import EncodeError

    from porto.wire import rpc_pb2

    try:
        request = text_format.Parse(" ".join(arguments), rpc_pb2.TContainerRequest())
        payload = request.SerializeToString()
    except (text_format.ParseError, EncodeError) as error:
        complain(f"Cannot understand the request: {error}")
        return 1
    remote.send_raw(payload)
    answer = rpc_pb2.TContainerResponse.FromString(remote.receive_raw())
    print(text_format.MessageToString(answer, as_utf8=True), end="")
    if answer.error:
        complain(f"Request failed: {PortoException.Create(answer.error, answer.errorMsg)}")
    return answer.error
