"""Makes the ``*_pb2`` modules of this directory from its ``.proto`` files.

Run by developers after a change of a ``.proto`` file, with grpcio-tools installed::

    python -m porto.api.proto.generate

The results are checked in, so that nobody else needs the compiler.
"""

import sys
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent
ROOT = DIRECTORY.parents[2]


def generate(output: Path) -> list[Path]:
    """Compile every ``.proto`` file; the modules lie below `output` as in the package.

    The compiler sees paths from the repository's root, so that generated modules
    import each other as ``porto.api.proto.NAME_pb2``.
    """
    from grpc_tools import protoc  # type: ignore[import-untyped]

    made = []
    for source in sorted(DIRECTORY.glob("*.proto")):
        name = source.relative_to(ROOT)
        arguments = ["protoc", f"--proto_path={ROOT}", f"--python_out={output}"]
        if protoc.main([*arguments, f"--pyi_out={output}", str(name)]) != 0:
            raise RuntimeError(f"cannot compile {name}: see the compiler's messages")
        stem = output / name.parent / source.stem
        made += [stem.with_name(f"{source.stem}_pb2{suffix}") for suffix in (".py", ".pyi")]
    return made


def main() -> None:
    """Write the modules beside their sources."""
    for path in generate(ROOT):
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
