"""Requests about docker images, as methods of `Connection` (`connection.py`).

A place is the directory that holds them, by default the daemon's. Answers are the
protocol's messages; parameters and defaults are the original client's.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from typing import Any

from porto.client.calls import Calls


class DockerCalls(Calls):
    """Looking for, downloading and removing images."""

    def DockerImageStatus(self, name: str | None = None, place: str | None = None) -> Any:
        """The TDockerImage message of an image."""
        return self._disk_call("dockerImageStatus", {"name": name, "place": place}, None).image

    def ListDockerImages(self, place: str | None = None, mask: str | None = None) -> list[Any]:
        """TDockerImage messages."""
        fields = {"place": place, "mask": mask}
        return list(self._disk_call("listDockerImages", fields, None).images)

    def PullDockerImage(
        self,
        name: str,
        place: str | None = None,
        auth_token: str | None = None,
        auth_path: str | None = None,
        auth_service: str | None = None,
    ) -> Any:
        """Download an image; its TDockerImage message."""
        fields = {
            "name": name,
            "place": place,
            "auth_token": auth_token,
            "auth_path": auth_path,
            "auth_service": auth_service,
        }
        return self._disk_call("pullDockerImage", fields, None).image

    def RemoveDockerImage(self, name: str, place: str | None = None) -> None:
        """Remove an image."""
        self._disk_call("removeDockerImage", {"name": name, "place": place}, None)
