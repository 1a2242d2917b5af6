"""Errors of the public interface: one exception class per EError code.

Every room raises these; `api/dispatch.py` turns them into the reply's ``error``
and ``errorMsg``, the engine into conditions. The text of an error names verb,
subject, property or knob, value and cause, in that order::

    PortoError
      +-- InvalidValue            "cannot set thread_limit of a/b to 12Q: unknown unit Q"
      +-- ContainerDoesNotExist   "cannot start a/b: no such container"
      +-- ...                     one class per row of `EError`

Codes: manual section "API", field ``TContainerResponse.error`` of `wire/rpc.proto`.
"""

import errno
from enum import IntEnum
from typing import ClassVar


class EError(IntEnum):
    """Result codes of the wire protocol; names and numbers never change."""

    Success = 0
    Unknown = 1
    InvalidMethod = 2
    ContainerAlreadyExists = 3
    ContainerDoesNotExist = 4
    InvalidProperty = 5
    InvalidData = 6
    InvalidValue = 7
    InvalidState = 8
    NotSupported = 9
    ResourceNotAvailable = 10
    Permission = 11
    VolumeAlreadyExists = 12
    VolumeNotFound = 13
    NoSpace = 14
    Busy = 15
    VolumeAlreadyLinked = 16
    VolumeNotLinked = 17
    LayerAlreadyExists = 18
    LayerNotFound = 19
    NoValue = 20
    VolumeNotReady = 21
    InvalidCommand = 22
    LostError = 23
    DeviceNotFound = 24
    InvalidPath = 25
    InvalidNetworkAddress = 26
    PortoFrozen = 27
    LabelNotFound = 28
    InvalidLabel = 29
    HelperError = 30
    HelperFatalError = 31
    NotFound = 404
    SocketError = 502
    SocketUnavailable = 503
    SocketTimeout = 504
    PortodReloaded = 505
    Taint = 666
    Docker = 700
    DockerImageNotFound = 701
    Queued = 1000


class PortoError(Exception):
    """An error with an `EError` code; raise a leaf class, catch this one."""

    code: ClassVar[EError] = EError.Unknown

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text


BY_CODE: dict[EError, type[PortoError]] = {}


def _leaf(code: EError) -> type[PortoError]:
    leaf = type(code.name, (PortoError,), {"code": code, "__module__": __name__})
    BY_CODE[code] = leaf
    return leaf


class Unknown(PortoError):
    """Anything unclassified, mostly a failed system call."""

    code = EError.Unknown


class InvalidMethod(PortoError):
    """The request carries no method, several, or an unknown one."""

    code = EError.InvalidMethod


class ContainerAlreadyExists(PortoError):
    """A container of that name exists."""

    code = EError.ContainerAlreadyExists


class ContainerDoesNotExist(PortoError):
    """No container of that name, or no parent for a new one."""

    code = EError.ContainerDoesNotExist


class InvalidProperty(PortoError):
    """Unknown property, or an index that the property does not have."""

    code = EError.InvalidProperty


class InvalidData(PortoError):
    """stdout or stderr cannot be read, or the wanted offset is gone."""

    code = EError.InvalidData


class InvalidValue(PortoError):
    """A malformed or refused argument."""

    code = EError.InvalidValue


class InvalidState(PortoError):
    """Not possible in the container's present state."""

    code = EError.InvalidState


class NotSupported(PortoError):
    """The kernel or the configuration lacks it."""

    code = EError.NotSupported


class ResourceNotAvailable(PortoError):
    """A limit is reached or a guarantee cannot be granted."""

    code = EError.ResourceNotAvailable


class GuaranteeNotAvailable(ResourceNotAvailable):
    """What this host has is promised to others already; counted apart."""


class Permission(PortoError):
    """The client may not do this."""

    code = EError.Permission


class NoSpace(PortoError):
    """Disk space is exhausted or a space guarantee cannot be met."""

    code = EError.NoSpace


class Busy(PortoError):
    """In use by somebody else."""

    code = EError.Busy


class NoValue(PortoError):
    """The property was never set."""

    code = EError.NoValue


class InvalidCommand(PortoError):
    """The command cannot be parsed or executed."""

    code = EError.InvalidCommand


class LabelNotFound(PortoError):
    """The label is absent."""

    code = EError.LabelNotFound


class InvalidLabel(PortoError):
    """A label name or value breaks the rules."""

    code = EError.InvalidLabel


class DeviceNotFound(PortoError):
    """The host has no such device node."""

    code = EError.DeviceNotFound


class PortoFrozen(PortoError):
    """Changes are blocked by ``portod freeze``."""

    code = EError.PortoFrozen


class InvalidPath(PortoError):
    """A path that is not absolute, not normal, or not allowed."""

    code = EError.InvalidPath


class SocketError(PortoError):
    """Client side: the connection broke."""

    code = EError.SocketError


class SocketUnavailable(PortoError):
    """Client side: nobody listens on the socket."""

    code = EError.SocketUnavailable


class SocketTimeout(PortoError):
    """Client side: no answer in time."""

    code = EError.SocketTimeout


for _class in PortoError.__subclasses__():
    BY_CODE[_class.code] = _class
for _code in EError:
    if _code not in BY_CODE and _code not in (EError.Success, EError.Queued):
        _leaf(_code)


_BY_ERRNO: dict[int, type[PortoError]] = {
    errno.EAGAIN: ResourceNotAvailable,
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: NoSpace,
}


def by_errno(error: OSError, text: str) -> PortoError:
    """The exception for a failed system call.

    `text` says "cannot VERB SUBJECT"; the error's own words are appended.
    """
    cause = error.strerror or str(error)
    leaf = _BY_ERRNO.get(error.errno or 0, Unknown)
    return leaf(f"{text}: {cause}")


SHORTAGES = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EINTR,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.ETIMEDOUT,
    }
)
"""What a failed system call tells of the machine, not of what was asked for."""


def by_value(error: OSError, text: str) -> PortoError:
    """The exception when something that a value names cannot be used.

    InvalidValue, but for what says nothing of the value: `by_errno`.
    """
    if error.errno in SHORTAGES:
        return by_errno(error, text)
    return InvalidValue(f"{text}: {error.strerror or error}")
