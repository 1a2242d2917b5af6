"""The codec of labels.

Used by `spec/containers/fields/lifecycle.py` and by the API's label requests.
"""

import re
from collections.abc import Iterable
from typing import Any

from porto.spec.codecs.syntax import join_map, native_pairs, native_text, shown, split_map
from porto.spec.errors import EError
from porto.spec.prop import Codec, Rejected

LabelsValue = tuple[tuple[str, str], ...]
"""(PREFIX.name, value) sorted by name; no value is empty."""

LABELS_MAX = 100
LABEL_NAME_MAX = 128
LABEL_VALUE_MAX = 64 * 1024

_NAME = re.compile(r"[A-Z]{2,16}\.[a-zA-Z0-9_\-@:.]+", re.ASCII)
_VALUE = re.compile(r"[a-zA-Z0-9_\-@:.]*", re.ASCII)
_RESERVED_PREFIX = "PORTO"


class LabelsCodec(Codec[LabelsValue]):
    """`PREFIX.name: value; ...`: setting merges, an empty value removes.

    PREFIX is 2 to 16 upper-case letters and does not begin with PORTO; names
    and values hold a-z A-Z 0-9 _ - @ : . only.
    """

    indexed = True

    def parse(self, text: str) -> LabelsValue:
        """The labels of a text alone."""
        return self.update((), text)

    def update(self, old: LabelsValue, text: str) -> LabelsValue:
        """`old` with the labels of `text` added, replaced or removed."""
        return _merged(old, split_map(text))

    def format(self, value: LabelsValue) -> str:
        """``PREFIX.name: value; PREFIX.name: value``."""
        return join_map(value)

    def get_index(self, value: LabelsValue, index: str) -> str:
        """One label; raises `Rejected` with LabelNotFound."""
        for name, item in value:
            if name == index:
                return item
        raise Rejected(f"no label {shown(index)}", EError.LabelNotFound)

    def set_index(self, value: LabelsValue, index: str, text: str) -> LabelsValue:
        """One label set; empty text removes it."""
        return _merged(value, [(index, text)])

    def native(self, value: Any) -> LabelsValue:
        """A document's mapping of name to text or whole number."""
        pairs = []
        for pair in native_pairs(value):
            if len(pair) != 2:
                raise Rejected("wants pairs of name and value")
            pairs.append((native_text(pair[0]), native_text(pair[1])))
        return _merged((), pairs)

    def native_schema(self) -> dict[str, Any]:
        """A JSON object of texts."""
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{_NAME.pattern}$", "maxLength": LABEL_NAME_MAX},
            "additionalProperties": {"type": ["string", "integer"]},
        }


def check_label(name: str, value: str) -> None:
    """Raise `Rejected` with InvalidLabel unless the label is well-formed."""
    if len(name) > LABEL_NAME_MAX:
        raise Rejected(f"a label name is longer than {LABEL_NAME_MAX}", EError.InvalidLabel)
    if not _NAME.fullmatch(name) or name.startswith(_RESERVED_PREFIX):
        raise Rejected(
            f"{shown(name)} is not a label name: PREFIX.name, PREFIX of 2 to 16 upper-case "
            f"letters and not {_RESERVED_PREFIX}",
            EError.InvalidLabel,
        )
    if len(value) > LABEL_VALUE_MAX:
        raise Rejected(
            f"the value of label {name} is longer than {LABEL_VALUE_MAX}", EError.InvalidLabel
        )
    if not _VALUE.fullmatch(value):
        raise Rejected(
            f"the value of label {name} holds other characters than a-z A-Z 0-9 _ - @ : .",
            EError.InvalidLabel,
        )


def _merged(old: LabelsValue, changes: Iterable[tuple[str, str]]) -> LabelsValue:
    labels = dict(old)
    for name, value in changes:
        check_label(name, value)
        if value:
            labels[name] = value
        else:
            labels.pop(name, None)
    if len(labels) > LABELS_MAX:
        raise Rejected(f"more than {LABELS_MAX} labels", EError.ResourceNotAvailable)
    return tuple(sorted(labels.items()))
