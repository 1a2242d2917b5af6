"""Properties of the main process: command, environment, credentials, limits.

Manual section "Context"; applied by the launch-time facets of
`porto/reconcilers/`. All of them need a stopped container, but `ulimit`.
"""

from typing import Annotated

from porto.spec.codecs import (
    ArgvCodec,
    Bool,
    EnvCodec,
    EnvValue,
    GroupName,
    Octal,
    PathText,
    Text,
    UlimitCodec,
    UlimitValue,
    UserName,
    Word,
)
from porto.spec.prop import Facet, Prop

COMMAND_MAX_BYTES = 128 * 1024


class ProcessFields(Facet):
    """What is run, and as whom."""

    command: Annotated[
        str, Text(max_bytes=COMMAND_MAX_BYTES), Prop(owner="task", example="sleep 1000")
    ] = ""
    """Command line of the container, expanded by wordexp(3): variables, quotes and
    globs, no shell operators. Empty: a meta container, which runs nothing."""

    command_argv: Annotated[
        tuple[str, ...],
        ArgvCodec(max_bytes=COMMAND_MAX_BYTES),
        Prop(owner="task", example="sleep\t1000"),
    ] = ()
    """Verbatim command line: arguments separated by TAB, no expansion. Setting it
    also sets command, to the same words quoted."""

    env: Annotated[EnvValue, EnvCodec(), Prop(owner="environment", example="A: 1; B: two")] = ()
    """Environment of the main process: NAME: value; ... or NAME=value; ... A bare NAME
    unsets it. With isolate=false the parent's environment is inherited."""

    cwd: Annotated[str, PathText(), Prop(owner="identity", example="/tmp")] = ""
    """Working directory; default: the container's own directory under the place."""

    user: Annotated[str, UserName(), Prop(owner="identity", example="root")] = ""
    """User of the container's processes, a name or a uid; default: the creator."""

    group: Annotated[str, GroupName(), Prop(owner="identity", example="root")] = ""
    """Group of the container's processes, a name or a gid; default: the creator's."""

    umask: Annotated[int, Octal(), Prop(owner="identity", example="022")] = 0o002
    """File mode creation mask, see umask(2)."""

    ulimit: Annotated[
        UlimitValue, UlimitCodec(), Prop(owner="limits", dynamic=True, example="nofile: 1024 4096")
    ] = ()
    """Resource limits: TYPE: soft|unlimited [hard|unlimited]; ... see getrlimit(2)."""

    isolate: Annotated[bool, Bool(), Prop(owner="namespaces", example="false")] = True
    """true: own pid, ipc and uts namespaces and an own environment; false: those of
    the parent."""

    virt_mode: Annotated[str, Word("app", "os"), Prop(owner="namespaces", example="app")] = "app"
    """app: the command runs as a normal process; os: as the init of its pid namespace."""
