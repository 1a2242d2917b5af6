"""Text codecs of the properties: one parse/format pair per syntax.

Used by `spec/containers/fields/`; each codec's docstring is the syntax that
docs/properties.md shows.
"""

from porto.spec.codecs.controllers import ControllersCodec, ControllersValue
from porto.spec.codecs.cpuset import CpuListCodec, CpuSetCodec, CpuSetValue
from porto.spec.codecs.devices import DeviceItem, DevicesCodec, DevicesValue
from porto.spec.codecs.disks import DiskLimits
from porto.spec.codecs.env import EnvCodec, EnvValue
from porto.spec.codecs.labels import LabelsCodec, LabelsValue
from porto.spec.codecs.names import GroupName, UserName
from porto.spec.codecs.numbers import Bool, Int, Octal, OptionalSize, Size
from porto.spec.codecs.power import CpuPower, Period
from porto.spec.codecs.text import ArgvCodec, PathText, StreamText, Text, Word
from porto.spec.codecs.textmap import TextMapCodec, TextMapValue
from porto.spec.codecs.times import Date, Duration, Elapsed, Seconds
from porto.spec.codecs.uintmap import UintMapCodec, UintMapValue
from porto.spec.codecs.ulimit import UlimitCodec, UlimitValue
from porto.spec.codecs.weight import Weight

__all__ = [
    "ArgvCodec",
    "Bool",
    "ControllersCodec",
    "ControllersValue",
    "CpuListCodec",
    "CpuPower",
    "CpuSetCodec",
    "CpuSetValue",
    "Date",
    "DeviceItem",
    "DevicesCodec",
    "DevicesValue",
    "DiskLimits",
    "Duration",
    "Elapsed",
    "EnvCodec",
    "EnvValue",
    "GroupName",
    "Int",
    "LabelsCodec",
    "LabelsValue",
    "Octal",
    "OptionalSize",
    "PathText",
    "Period",
    "Seconds",
    "Size",
    "StreamText",
    "Text",
    "TextMapCodec",
    "TextMapValue",
    "UintMapCodec",
    "UintMapValue",
    "UlimitCodec",
    "UlimitValue",
    "UserName",
    "Weight",
    "Word",
]
