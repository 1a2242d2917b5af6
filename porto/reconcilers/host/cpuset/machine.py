"""The CPUs that the host's containers can have: those online that our root group has.

Used by `host.py`. Looking is one small file each of sysfs and cgroupfs; cores and nodes
are read only when somebody asks for some, and again when CPUs have come or gone.
"""

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.host.topology import Topology
from porto.kernel.ports import Cpus
from porto.spec.cpulist import each_cpu, parse_cpus


class Machine:
    """What there is to distribute; `available` is a set as in `spec/cpulist.py`."""

    def __init__(self, driver: CgroupDriver, cpus: Cpus, devices: str) -> None:
        self._driver = driver
        self._cpus = cpus
        self._devices = devices
        self._texts = ("", "")
        self._topology: Topology | None = None
        self.available = 0

    def look(self) -> bool:
        """Whether the CPUs are others than at the last look."""
        texts = self._read()
        if texts == self._texts:
            return False
        self._texts = texts
        online, allowed = map(parse_cpus, texts)
        self.available = online & allowed or online
        self._topology = None
        self._driver.cpuset.forget()
        return True

    def differs(self) -> bool:
        """Whether a look would find others; nothing is remembered."""
        return self._read() != self._texts

    def _read(self) -> tuple[str, str]:
        return self._cpus.read_online(self._devices), self._driver.cpuset.allowed()

    def topology(self) -> Topology:
        """Cores and nodes, as far as they are available."""
        if self._topology is None:
            found, mask = self._cpus.read_topology(self._devices), self.available
            self._topology = Topology(
                online=mask,
                # A CPU that went offline since the look is a core of its own.
                cores={cpu: found.cores.get(cpu, 0) & mask | 1 << cpu for cpu in each_cpu(mask)},
                nodes={number: cpus & mask for number, cpus in found.nodes.items()},
            )
        return self._topology
