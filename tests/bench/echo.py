"""The floor of the request rows: an asyncio server that only answers.

usage: echo.py SOCKET        a frame of N (4 bytes, big endian) is answered by N bytes
"""

import asyncio
import sys


class Answerer(asyncio.Protocol):
    """Answers each 4-byte question with as many bytes as it asks for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """One question at a time, as the wire protocol has it."""
        self.transport.write(bytes(int.from_bytes(data, "big")))


async def serve(path: str) -> None:
    """Listen until killed."""
    server = await asyncio.get_running_loop().create_unix_server(Answerer, path)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
