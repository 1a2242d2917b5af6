"""Text codecs of the properties: one parse/format pair per syntax.

Used by `spec/fields/`; each codec's docstring is the syntax that
docs/properties.md shows.
"""

from porto.spec.codecs.env import EnvCodec, EnvValue
from porto.spec.codecs.labels import LabelsCodec, LabelsValue
from porto.spec.codecs.names import GroupName, UserName
from porto.spec.codecs.numbers import Bool, Int, Octal, OptionalSize, Size
from porto.spec.codecs.text import ArgvCodec, PathText, StreamText, Text, Word
from porto.spec.codecs.times import Date, Duration, Elapsed, Seconds
from porto.spec.codecs.uintmap import UintMapCodec, UintMapValue
from porto.spec.codecs.ulimit import UlimitCodec, UlimitValue

__all__ = [
    "ArgvCodec",
    "Bool",
    "Date",
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
    "Seconds",
    "Size",
    "StreamText",
    "Text",
    "UintMapCodec",
    "UintMapValue",
    "UlimitCodec",
    "UlimitValue",
    "UserName",
    "Word",
]
