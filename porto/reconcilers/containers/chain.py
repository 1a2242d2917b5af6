"""THE ordered lists of facets. A reason stands beside each place.

Built once by `cli/daemon.py`; walked by `decide.py` and its steps. A new facet is a file of
its own and one line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from porto.observers.kernel_events import KernelEvents
from porto.observers.strays import Strays
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.facets.cpu import Cpu
from porto.reconcilers.containers.facets.cpuset import Cpuset
from porto.reconcilers.containers.facets.devices import Devices, UnannouncedDevices
from porto.reconcilers.containers.facets.hugetlb import Hugetlb
from porto.reconcilers.containers.facets.identity import Identity, Umask
from porto.reconcilers.containers.facets.io import Io
from porto.reconcilers.containers.facets.limits import Limits
from porto.reconcilers.containers.facets.memory import Memory
from porto.reconcilers.containers.facets.namespaces import Namespaces
from porto.reconcilers.containers.facets.oom import Oom
from porto.reconcilers.containers.facets.pids import Pids
from porto.reconcilers.containers.facets.pressure import Pressure
from porto.reconcilers.containers.facets.rotation import Rotation
from porto.reconcilers.containers.facets.scheduler import Scheduler
from porto.reconcilers.containers.facets.streams import InsideStreams, OutsideStreams
from porto.reconcilers.containers.facets.task import Command
from porto.reconcilers.containers.facets.tree import Enabled, Tree
from porto.reconcilers.containers.facets.workdir import WorkDirectory
from porto.reconcilers.containers.target import (
    Explaining,
    Launch,
    Live,
    Planned,
    Teardown,
    Wishing,
    Witness,
)
from porto.reconcilers.host.cpuset.host import Allocation
from porto.reconcilers.ports import Ports
from porto.spec.codecs import UlimitCodec
from porto.spec.config import Config
from porto.spec.containers.store import ContainerStore


@dataclass(frozen=True, slots=True)
class Chain:
    """The facets by phase, each in its order.

    unannounced -- live facets whose drift the kernel does not tell: no knob is written;
                   of processes that were moved `observers/strays.py` tells
    wishing     -- by name those whose wish follows from the kin's properties, too
    dead        -- what is kept true of a dead container, whose groups are still there
    explaining  -- those that know what a failure of a launch means
    witnesses   -- those with a part of their own in the status
    """

    live: tuple[Live, ...]
    unannounced: tuple[Planned, ...]
    wishing: Mapping[str, Wishing]
    dead: tuple[Planned, ...]
    launch: tuple[Launch, ...]
    explaining: tuple[Explaining, ...]
    teardown: tuple[Teardown, ...]
    witnesses: tuple[Witness, ...]
    rotation: Rotation


def build_chain(
    config: Config,
    ports: Ports,
    store: ContainerStore,
    controllers: Controllers,
    *,
    strays: Strays,
    notices: KernelEvents,
    allocation: Allocation,
    launcher: int,
) -> Chain:
    """All facets for one host; `launcher` is the pid of the launched children's parent."""
    work, driver = config.paths.work, ports.cgroups
    tree = Tree(ports, strays)
    pids = Pids(driver, default_limit=config.container.default_thread_limit)
    limits = Limits(ports, defaults=UlimitCodec().parse(config.container.default_ulimit))
    directory = WorkDirectory(work)
    scheduler = Scheduler(ports, config.container, launcher=launcher)
    devices = Devices(driver, config=config.container, look_at=ports.nodes.look_at)
    cpu = Cpu(driver, store, config.container)
    cpuset = Cpuset(allocation)
    memory = Memory(driver, store, config.container)
    pressure = Pressure(driver, config.container)
    oom = Oom(ports, notices, controllers.group)
    streams = OutsideStreams(work)
    return Chain(
        live=(
            tree,  # the knobs of all others live in its directories
            Enabled(ports),
            memory,  # before tasks: what they allocate is limited from the start
            pressure,
            oom,  # told of from before the first task on
            Hugetlb(driver),
            cpuset,
            cpu,
            Io(driver, ports.disks),
            devices,
            pids,
            limits,
            scheduler,  # needs the cpu knobs: realtime tasks are refused without runtime
        ),
        unannounced=(UnannouncedDevices(devices), limits, scheduler, pressure),
        wishing={facet.name: facet for facet in (cpuset, cpu, devices, scheduler)},
        dead=(pressure,),
        launch=(
            directory,  # the default streams are files in it
            tree,  # joined first: all that follows is accounted to the container
            oom,  # as root: the launcher's own score protects it
            scheduler,  # as root; before anything that takes time
            streams,  # host paths, before the namespaces change
            Namespaces(
                hidden_mount=config.paths.store,
                exists=ports.files.exists,
                is_mount=ports.mounts.is_mount,
            ),
            limits,  # still root: may raise hard limits
            Identity(work),  # from here on with the task's own rights
            InsideStreams(work),  # the user's paths, opened by the user
            Umask(),  # must not touch the modes of the streams above
            Command(work),  # replaces the child; nothing can follow
        ),
        explaining=(scheduler,),
        teardown=(
            tree,  # empty by now
            memory,  # what the directories were promised is free
            directory,  # holds the output until the very end
        ),
        witnesses=(tree, oom, streams),
        rotation=Rotation(ports, work),
    )
