"""Exceptions of the Python client: one class per EError, named as on the wire.

Raised by everything under `porto.Connection`; existing scripts catch them by these
names as ``porto.exceptions.NAME``. The codes are those of `wire/rpc.proto`, manual section
"API". Imports nothing, so that catching an error costs nothing.

    PortoException
      +-- WaitContainerTimeout    a wait ended before a container did
      +-- Unknown, Busy, ...      one per EError row
      +-- SocketError
            +-- SocketUnavailable nobody listens on the socket

Codes that this release does not know arrive as `Unknown` with the number in the text.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class PortoException(Exception):
    """Any failure reported by the daemon or by the connection to it."""

    EID: ClassVar[int | None] = None

    def __str__(self) -> str:
        text = super().__str__()
        return f"{type(self).__name__}:({text})" if text else type(self).__name__

    @property
    def text(self) -> str:
        """The daemon's words without the name of the error."""
        return super().__str__()

    @staticmethod
    def Create(error: int, msg: str = "") -> PortoException:
        """The exception for a wire code."""
        leaf = BY_CODE.get(error)
        if leaf is None:
            return Unknown(f"{msg} (error code {error})")
        return leaf(msg)


class WaitContainerTimeout(PortoException):
    """`WaitContainers`: the time is over and no container is ready."""


class Unknown(PortoException):
    """Anything unclassified, mostly a failed system call."""

    EID = 1


class InvalidMethod(PortoException):
    """The daemon does not know the request."""

    EID = 2


class ContainerAlreadyExists(PortoException):
    """A container of that name exists."""

    EID = 3


class ContainerDoesNotExist(PortoException):
    """No container of that name, or no parent for a new one."""

    EID = 4


class InvalidProperty(PortoException):
    """Unknown property, or a bad index."""

    EID = 5


class InvalidData(PortoException):
    """Output cannot be read, or the wanted part of it is gone."""

    EID = 6


class InvalidValue(PortoException):
    """A malformed or refused argument."""

    EID = 7


class InvalidState(PortoException):
    """Not possible in the container's present state."""

    EID = 8


class NotSupported(PortoException):
    """The kernel or the configuration lacks it."""

    EID = 9


class ResourceNotAvailable(PortoException):
    """A limit is reached or a guarantee cannot be granted."""

    EID = 10


class Permission(PortoException):
    """The client may not do this."""

    EID = 11


class VolumeAlreadyExists(PortoException):
    """The path already is a volume."""

    EID = 12


class VolumeNotFound(PortoException):
    """No volume or storage there."""

    EID = 13


class NoSpace(PortoException):
    """Disk space is exhausted, or a guarantee of it cannot be met."""

    EID = 14


class Busy(PortoException):
    """In use by somebody else."""

    EID = 15


class VolumeAlreadyLinked(PortoException):
    """The same link exists."""

    EID = 16


class VolumeNotLinked(PortoException):
    """There is no such link."""

    EID = 17


class LayerAlreadyExists(PortoException):
    """A layer or storage of that name exists."""

    EID = 18


class LayerNotFound(PortoException):
    """There is no such layer."""

    EID = 19


class NoValue(PortoException):
    """The property was never set."""

    EID = 20


class VolumeNotReady(PortoException):
    """The volume is being built or destroyed."""

    EID = 21


class InvalidCommand(PortoException):
    """The command cannot be parsed or executed."""

    EID = 22


class LostError(PortoException):
    """The answer carries no code, or one that got lost on the way."""

    EID = 23


class DeviceNotFound(PortoException):
    """There is no such device node."""

    EID = 24


class InvalidPath(PortoException):
    """A path that is not absolute, not normal, or not allowed."""

    EID = 25


class InvalidNetworkAddress(PortoException):
    """A malformed or unusable address."""

    EID = 26


class PortoFrozen(PortoException):
    """Changes are blocked by ``portod freeze``."""

    EID = 27


class LabelNotFound(PortoException):
    """The label is absent."""

    EID = 28


class InvalidLabel(PortoException):
    """A label name or value breaks the rules."""

    EID = 29


class HelperError(PortoException):
    """A program that the daemon runs for a request failed."""

    EID = 30


class HelperFatalError(PortoException):
    """The same, and trying again cannot help."""

    EID = 31


class NotFound(PortoException):
    """A mount, device or quota project is missing."""

    EID = 404


class SocketError(PortoException):
    """The connection broke; whether a change was made is then unknown."""

    EID = 502


class SocketUnavailable(SocketError):
    """Nobody listens on the socket."""

    EID = 503


class SocketTimeout(PortoException):
    """No answer in time; whether a change was made is then unknown."""

    EID = 504


class PortodReloaded(PortoException):
    """The daemon was reloaded while it worked on the request."""

    EID = 505


class Taint(PortoException):
    """A warning about a container, used in lists of them."""

    EID = 666


class Docker(PortoException):
    """A docker image cannot be used."""

    EID = 700


class DockerImageNotFound(PortoException):
    """There is no such docker image."""

    EID = 701


BY_CODE: dict[int, type[PortoException]] = {
    leaf.EID: leaf
    for leaf in list(globals().values())
    if isinstance(leaf, type) and issubclass(leaf, PortoException) and leaf.EID is not None
}

# Names that older releases of the Python client used for the same things.
EError = PortoException
UnknownError = Unknown
PermissionError = Permission
