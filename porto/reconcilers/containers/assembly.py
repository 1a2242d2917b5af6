"""All parts of the kind container, built and joined over the ports.

Called by `cli/daemon.py`, and by tests with fakes for ports.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from porto.observers.exits import Exits
from porto.observers.kernel_events import KernelEvents
from porto.observers.strays import Strays
from porto.reconcilers.containers.chain import build_chain
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.foresight.course import Course
from porto.reconcilers.containers.foresight.foresight import Foresight
from porto.reconcilers.containers.foresight.imagined import (
    Imagination,
    ImaginedExits,
    imagined_ports,
)
from porto.reconcilers.containers.reconciler import ContainerReconciler
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.triggers import Watch
from porto.reconcilers.host.cpuset.host import Allocation
from porto.reconcilers.ports import Ports
from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.relations import relations
from porto.spec.containers.status import ACTIVE, State
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key
from porto.spec.records.record import Run


@dataclass(frozen=True, slots=True)
class Containers:
    """The kind at work."""

    world: World
    reconciler: ContainerReconciler
    allocation: Allocation
    watch: Watch[ContainerRecord]
    foresight: Foresight


def assemble(
    config: Config,
    ports: Ports,
    store: ContainerStore,
    *,
    exits: Exits,
    notices: KernelEvents,
    enqueue: Callable[[Key], None],
    launcher: int,
) -> Containers:
    """Build and join; `launcher` is the pid of the parent of all launched children."""
    controllers = Controllers(store, ports.cgroups)
    strays = Strays(store, ports.cgroups, controllers.group, ports.processes)
    allocation = Allocation(
        store,
        ports.cgroups,
        locate=controllers.group,
        moved=enqueue,
        cpus=ports.cpus,
        period_s=float(config.daemon.resync_s),
    )
    chain = build_chain(
        config,
        ports,
        store,
        controllers,
        strays=strays,
        notices=notices,
        allocation=allocation,
        launcher=launcher,
    )
    world = World(store, ports, controllers, chain, exits, notices, config)

    def imagine(twin: ContainerStore) -> Course:
        """A course of events over a copy of the store, from which nothing gets out."""
        imagined = Imagination()
        closed = imagined_ports(ports, twin, imagined)
        places = Controllers(twin, closed.cgroups)

        def build(moved: Callable[[Key], None]) -> World:
            shares = allocation.fork(twin, closed.cgroups, locate=places.group, moved=moved)
            facets = build_chain(
                config,
                closed,
                twin,
                places,
                strays=strays,
                notices=notices,
                allocation=shares,
                launcher=launcher,
            )
            ends = cast(Exits, ImaginedExits(exits, imagined))
            return World(twin, closed, places, facets, ends, notices, config, world.memory)

        return Course(build, imagined)

    reconciler = ContainerReconciler(world)
    watch: Watch[ContainerRecord] = Watch(
        relations=relations(store),
        is_idle=_is_idle,
        is_alive=lambda record: record.status.life.state in ACTIVE,
        is_settled=reconciler.is_settled,
        look=strays.look,
        unsettle=lambda always: _unsettle(world, always),
    )
    return Containers(world, reconciler, allocation, watch, Foresight(world, imagine))


def _is_idle(record: ContainerRecord) -> bool:
    return record.status.life.state is State.STOPPED and record.intent.run is Run.STOPPED


def _unsettle(world: World, always: bool) -> None:
    if always or not world.ports.cgroups.intact():
        world.notices.unsettle()
