"""Properties of access to devices. Manual section "Filesystem".

Applied by `facets/devices.py`.
"""

from typing import Annotated

from porto.spec.codecs import DevicesCodec, DevicesValue
from porto.spec.prop import Facet, Prop


class DevicesFields(Facet):
    """Desired state."""

    devices: Annotated[
        DevicesValue,
        DevicesCodec(),
        Prop(
            owner="devices",
            dynamic=True,
            any_state=True,
            needs=("devices",),
            example="/dev/full r; /dev/tty -; ",
        ),
    ] = ()
    """Access to devices beside /dev/null, zero, full, random, urandom, tty, ptmx and
    /dev/pts/*, which first-level containers have by default; deeper ones have their
    parent's and no more. Syntax: <device> [r][w][m][-][*][?] [name] [mode] [user]
    [group]; ... The device is a node of the host that the container's owner may read or
    write. Making nodes (m) is included unless * is given; - takes away what the same
    numbers were given; * means all minor numbers and, as a changed mode, user or group
    of the node, needs an owner who is root; with ? a missing device is ignored. name is
    the node inside the container's own /dev; with the host's /dev only the device's own
    name is possible. preset <p> stands for the devices that the configuration names so.
    devices[<device>] sets one. Printed with "; " after each item, as later releases do
    where the manual is silent."""
