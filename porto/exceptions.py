"""``porto.exceptions``: the client's exceptions under the name that existing scripts import."""

from porto.client.exceptions import *  # noqa: F403
from porto.client.exceptions import BY_CODE as BY_CODE
