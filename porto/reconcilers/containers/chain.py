"""THE ordered lists of facets. A reason stands beside each place.

Built once by `cli/daemon.py`; walked by `reconciler.py`. A new facet is a file of
its own and one line here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.file import files
from porto.observers.strays import Strays
from porto.reconcilers.containers.base import Launch, Live, Teardown
from porto.reconcilers.containers.facets.cpu import Cpu
from porto.reconcilers.containers.facets.cpuset import Cpuset
from porto.reconcilers.containers.facets.devices import Devices, UnannouncedDevices
from porto.reconcilers.containers.facets.hugetlb import Hugetlb
from porto.reconcilers.containers.facets.identity import Identity, Umask
from porto.reconcilers.containers.facets.io import Io
from porto.reconcilers.containers.facets.limits import Limits
from porto.reconcilers.containers.facets.memory import Memory
from porto.reconcilers.containers.facets.namespaces import Namespaces
from porto.reconcilers.containers.facets.oom import OomScore
from porto.reconcilers.containers.facets.pids import Pids
from porto.reconcilers.containers.facets.pressure import Pressure
from porto.reconcilers.containers.facets.rotation import Rotation
from porto.reconcilers.containers.facets.scheduler import Scheduler
from porto.reconcilers.containers.facets.streams import InsideStreams, OutsideStreams
from porto.reconcilers.containers.facets.task import Command
from porto.reconcilers.containers.facets.tree import Enabled, Tree
from porto.reconcilers.containers.facets.workdir import WorkDirectory
from porto.reconcilers.host.cpuset.host import Allocation
from porto.spec.codecs import UlimitCodec
from porto.spec.config import Config
from porto.spec.containers.store import ContainerStore


@dataclass(frozen=True, slots=True)
class Chain:
    """The facets by phase, each in its order.

    unannounced -- live facets whose drift the kernel does not tell: no knob is written;
                   of processes that were moved `observers/strays.py` tells
    dead        -- what is kept true of a dead container, whose groups are still there
    """

    live: tuple[Live, ...]
    unannounced: tuple[Live, ...]
    dead: tuple[Live, ...]
    launch: tuple[Launch, ...]
    teardown: tuple[Teardown, ...]
    rotation: Rotation


def build_chain(
    config: Config,
    driver: CgroupDriver,
    strays: Strays,
    store: ContainerStore,
    allocation: Allocation,
    remove: Callable[[str, str], None] = files.remove_tree_beneath,
) -> Chain:
    """All facets for one host; `remove` is what frees the name of a work directory."""
    work = config.paths.work
    tree = Tree(driver, strays)
    pids = Pids(driver, default_limit=config.container.default_thread_limit)
    limits = Limits(driver, defaults=UlimitCodec().parse(config.container.default_ulimit))
    directory = WorkDirectory(work, remove)
    identity = Identity(work)
    scheduler = Scheduler(driver, config.container)
    devices = Devices(driver, config=config.container)
    memory = Memory(driver, store, config.container)
    pressure = Pressure(driver, config.container)
    return Chain(
        live=(
            tree,  # the knobs of all others live in its directories
            Enabled(driver),
            memory,  # before tasks: what they allocate is limited from the start
            pressure,
            Hugetlb(driver),
            Cpuset(allocation),
            Cpu(driver, store, config.container),
            Io(driver),
            devices,
            pids,
            limits,
            scheduler,  # needs the cpu knobs: realtime tasks are refused without runtime
        ),
        unannounced=(UnannouncedDevices(devices), limits, scheduler, pressure),
        dead=(pressure,),
        launch=(
            directory,  # the default streams are files in it
            tree,  # joined first: all that follows is accounted to the container
            OomScore(),  # as root: the launcher's own score protects it
            scheduler,  # as root; before anything that takes time
            OutsideStreams(work),  # host paths, before the namespaces change
            Namespaces(store_directory=config.paths.store),
            devices,  # still root, in the container's own mount namespace
            limits,  # still root: may raise hard limits
            identity,  # from here on with the task's own rights
            InsideStreams(),  # the user's paths, opened by the user
            Umask(),  # must not touch the modes of the streams above
            Command(identity),  # replaces the child; nothing can follow
        ),
        teardown=(
            tree,  # empty by now
            memory,  # what the directories were promised is free
            devices,
            directory,  # holds the output until the very end
        ),
        rotation=Rotation(work),
    )
