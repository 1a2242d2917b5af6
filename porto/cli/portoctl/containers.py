"""portoctl create, destroy, start, stop, restart, respawn, kill, pause, resume, gc.

Called by `main`; each works through its names in order and ends at the first that fails,
except destroy and gc, which go on and return the last error.
"""

from __future__ import annotations

from porto.cli.portoctl.main import complain
from porto.client.exceptions import ContainerDoesNotExist, PortoException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options

_SIGTERM = 15


def _each(remote: Remote, request: str, verb: str, names: list[str]) -> int:
    for name in names:
        try:
            remote.call(request, name=name)
        except PortoException as error:
            complain(f"Cannot {verb} container {name}: {error}")
            return error.EID or 1
    return 0


def create(remote: Remote, options: Options, names: list[str]) -> int:
    """Create stopped containers."""
    return _each(remote, "create", "create", names)


def destroy(remote: Remote, options: Options, names: list[str]) -> int:
    """Destroy all of them, whatever fails on the way."""
    status = 0
    for name in names:
        status = _each(remote, "destroy", "destroy", [name]) or status
    return status


def start(remote: Remote, options: Options, names: list[str]) -> int:
    """Start containers."""
    return _each(remote, "start", "start", names)


def stop(remote: Remote, options: Options, names: list[str]) -> int:
    """Stop containers, within -T seconds."""
    timeout = None
    if "T" in options:
        try:
            timeout = float(options["T"][-1])
        except ValueError:
            complain(f"Cannot stop: -T {options['T'][-1]!r} is not a number of seconds")
            return 1
    for name in names:
        try:
            remote.stop(name, timeout)
        except PortoException as error:
            complain(f"Cannot stop container {name}: {error}")
            return error.EID or 1
    return 0


def restart(remote: Remote, options: Options, names: list[str]) -> int:
    """Stop, then start, one after the other."""
    for name in names:
        status = stop(remote, {}, [name]) or start(remote, {}, [name])
        if status:
            return status
    return 0


def respawn(remote: Remote, options: Options, names: list[str]) -> int:
    """Start dead containers again without a stop in between."""
    return _each(remote, "Respawn", "respawn", names)


def pause(remote: Remote, options: Options, names: list[str]) -> int:
    """Freeze containers."""
    return _each(remote, "pause", "pause", names)


def resume(remote: Remote, options: Options, names: list[str]) -> int:
    """Thaw containers."""
    return _each(remote, "resume", "resume", names)


def signal_number(text: str) -> int | None:
    """A signal given as TERM, SIGTERM or 15; None when there is no such."""
    if text.isdigit():
        return int(text) if 0 < int(text) < 65 else None
    import signal

    name = text.upper()
    try:
        return signal.Signals[name if name.startswith("SIG") else f"SIG{name}"].value
    except KeyError:
        return None


def kill(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Send a signal to the main process."""
    name = arguments[0]
    signo = signal_number(arguments[1]) if len(arguments) > 1 else _SIGTERM
    if signo is None:
        complain(f"Invalid signal: {arguments[1]}")
        return 1
    try:
        remote.call("kill", name=name, sig=signo)
    except PortoException as error:
        complain(f"Cannot kill container {name}: {error}")
        return error.EID or 1
    return 0


def gc(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Destroy every dead container that we see."""
    status = 0
    for name in remote.call("list").get("list", {}).get("name", []):
        try:
            if remote.get(name, "state") == "dead":
                remote.call("destroy", name=name)
        except ContainerDoesNotExist:
            continue  # destroyed meanwhile, perhaps with its parent
        except PortoException as error:
            complain(f"Cannot collect container {name}: {error}")
            status = error.EID or 1
    return status
