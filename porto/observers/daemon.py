"""Readers of what the daemon knows about itself and about a record.

Merged by `readers.py`. ``porto_stat`` are the daemon's counters; ``porto_status`` and
``porto_origins`` tell, as JSON objects, what stands in the way of a container and who
set which of its properties; `portoctl status` shows them.
"""

import json
from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.observers.viewer import Viewer
from porto.spec.codecs import UintMapCodec
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import InvalidProperty, InvalidValue

_MAP = UintMapCodec()


def _counters(sources: Sources, index: str | None, subject: str) -> str:
    counters = sources.counters()
    if index is None:
        return _MAP.format(tuple(sorted(counters.items())))
    if index not in counters:
        raise InvalidValue(f"cannot get porto_stat[{index}] of {subject}: no such counter")
    return str(counters[index])


def _porto_stat(
    sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer
) -> str:
    return _counters(sources, index, record.name)


def _root_stat(sources: Sources, index: str | None, viewer: Viewer) -> str:
    return _counters(sources, index, ROOT)


def _status(sources: Sources, record: ContainerRecord) -> str:
    status = record.status
    body = {
        "state": status.life.state.value,
        "wanted": "paused" if record.intent.paused else record.intent.run.value,
        "generation": record.generation,
        "observed_generation": status.observed_generation,
        "source": record.source,
        "start_error": status.life.start_error,
        "conditions": [
            {
                "kind": condition.kind,
                "facet": condition.facet,
                "message": condition.message,
                "code": condition.code.name,
            }
            for condition in status.conditions
        ],
    }
    return json.dumps(body, ensure_ascii=False)


def _origins(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
    if index is None:
        return json.dumps(record.provenance, ensure_ascii=False)
    if index not in record.origins:
        raise InvalidProperty(
            f"cannot get porto_origins[{index}] of {record.name}: nobody set that property"
        )
    return record.origins[index]


READERS: Mapping[str, Reader] = {
    "porto_stat": _porto_stat,
    "porto_status": plain("porto_status", _status),
    "porto_origins": _origins,
}

ROOT_READERS: Mapping[str, RootReader] = {
    "porto_stat": _root_stat,
    "porto_status": plain_root("porto_status", lambda sources: sources.status()),
    "porto_origins": plain_root("porto_origins", lambda _: "{}"),
}

COMPUTED: Mapping[str, Computed] = {}
