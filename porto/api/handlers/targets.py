"""The containers that a request names.

Called by the other handlers: from the client's spelling to a full name, and to a
record that the client may change.
"""

from porto.api.context import Services, Session
from porto.spec.containers.record import ContainerRecord


def resolve(session: Session, name: str) -> str:
    """The full name of what the client calls `name`; raises Permission."""
    return session.caller.view.resolve(name)


def find(services: Services, session: Session, name: str, verb: str) -> ContainerRecord:
    """The record of a container that the client may change.

    Raises Permission or ContainerDoesNotExist; the host is never changed.
    """
    return services.authority.check_control(session.caller, resolve(session, name), verb)
