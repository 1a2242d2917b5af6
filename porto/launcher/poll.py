"""epoll with a callback per descriptor: the master's event loop."""

import select
from collections.abc import Callable

Callback = Callable[[], None]


class Poll:
    """Level-triggered; a callback may add and remove descriptors, its own too."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}

    def watch(self, fd: int, callback: Callback) -> None:
        """Call back while the descriptor is readable or hung up."""
        self._readers[fd] = callback
        self._epoll.register(fd, select.EPOLLIN)

    def watch_output(self, fd: int, callback: Callback | None) -> None:
        """Call back while a watched descriptor is writable; None ends that."""
        if callback is None:
            self._writers.pop(fd, None)
            self._epoll.modify(fd, select.EPOLLIN)
        else:
            self._writers[fd] = callback
            self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)

    def forget(self, fd: int) -> None:
        """Stop watching; call before the descriptor is closed."""
        if self._readers.pop(fd, None) is not None:
            self._writers.pop(fd, None)
            self._epoll.unregister(fd)

    def wait(self, timeout: float | None) -> None:
        """Run the callbacks of what is ready."""
        for fd, events in self._epoll.poll(timeout):
            if events & select.EPOLLOUT and (writer := self._writers.get(fd)):
                writer()
            if events & ~select.EPOLLOUT and (reader := self._readers.get(fd)):
                reader()
