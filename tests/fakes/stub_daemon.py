"""A program in the daemon's place: hands its descriptors to the test and waits.

Executed by a real master (setting `daemon`) as ``python stub_daemon.py RENDEZVOUS ...``
with the arguments of `launcher/daemon.py`. It connects to the RENDEZVOUS socket and
passes the listening socket and the link, so that the test itself is the daemon. SIGTERM,
SIGINT and SIGHUP end it; "hold" as first answer keeps it alive on those, too.
"""

import array
import json
import os
import signal
import socket
import sys

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    rendezvous, *arguments = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDING, signal.SIGUSR1})
    test = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    test.connect(rendezvous)
    fds = [int(arguments[arguments.index(key) + 1]) for key in ("--listen-fd", "--link-fd")]
    body = json.dumps({"pid": os.getpid(), "arguments": arguments}).encode()
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
    test.sendmsg([body], [rights])
    os.close(fds[1])  # the link's end of file must come when the test closes its copy
    while True:
        signo = signal.sigwait({*_ENDING, signal.SIGUSR1})
        test.send(signal.Signals(signo).name.encode())
        if signo in _ENDING:
            # The test says when to go: "what is done on a signal" is its business.
            test.recv(16)
            raise SystemExit(0)


main()
