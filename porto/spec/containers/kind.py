"""What a container is to the frame."""

import dataclasses
from pathlib import Path

from porto.spec.containers import effective
from porto.spec.containers.intent import ContainerIntent
from porto.spec.containers.names import NAME_MAX, validate_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, PROPERTIES
from porto.spec.containers.status import ContainerStatus, State
from porto.spec.errors import ContainerAlreadyExists, ContainerDoesNotExist
from porto.spec.kind import Kind
from porto.spec.records.record import Run

ID_ROOT = 1


def _wished(old: ContainerRecord, new: ContainerRecord) -> ContainerStatus:
    """A stopped container whose new intent is to run is starting from this moment on."""
    if new.intent.run is Run.RUNNING and old.status.life.state is State.STOPPED:
        return old.status.changed(state=State.STARTING)
    return old.status


def _taken_back(
    old: ContainerRecord, new: ContainerRecord | None, current: ContainerRecord
) -> ContainerIntent:
    """The earlier intent, unless others have changed it since.

    A container whose start is taken back is stopping until the engine, which may be
    launching it, has said that it is stopped.
    """
    intent = old.intent
    if new is not None and new.generation != current.generation:
        intent = old.intent if current.intent == new.intent else current.intent
    # Launch numbers are never used twice: the engine may have used the taken-back one. One
    # that it has not used yet would be a wish for a launch where the container shall run.
    launch = max(intent.launch, current.status.life.launched)
    if intent.run is Run.STOPPED:
        launch = max(launch, current.intent.launch)
    return dataclasses.replace(intent, launch=launch)


def _owner(record: ContainerRecord) -> str:
    """Who takes turns with others for what is done to this container.

    Its owner, who gets no more turns by having more containers; but what is root's belongs to
    the first-level container: that is how a host's root divides it among many.
    """
    user, _ = effective.owner_names(record.spec)
    return user if user != effective.ROOT_USER else record.name.partition("/")[0] + "/"


CONTAINER = Kind(
    noun="container",
    plural="containers",
    record=ContainerRecord,
    default_spec=DEFAULT_SPEC,
    properties=PROPERTIES,
    validate_name=validate_name,
    name_max=NAME_MAX,
    first_id=4,
    max_id=16383,
    directory=lambda config: Path(config.paths.store),
    max_total=lambda config: config.container.max_total,
    exists=ContainerAlreadyExists,
    missing=ContainerDoesNotExist,
    state=lambda record: record.status.life.state,
    owner=_owner,
    wished=_wished,
    taken_back=_taken_back,
)
