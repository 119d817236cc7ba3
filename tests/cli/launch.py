#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What a service manager does, as little of it as a test needs: binds the
# sockets, hands them over, and prints what the service tells it.
#   launch.py SOCKET PROGRAM ARGUMENT...
# prints "port N" of the socket for metrics, then one line for each message.

import os
import signal
import socket
import sys

path = sys.argv[1]
door = socket.socket(socket.AF_UNIX)
door.bind(path)
door.listen(16)
metrics = socket.socket()
metrics.bind(("127.0.0.1", 0))
metrics.listen(16)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path + ".notify")
print("port", metrics.getsockname()[1], flush=True)

child = os.fork()
if child == 0:
    # out of the way first, where they may stand already
    high = [os.dup(s.fileno()) for s in (door, metrics)]
    os.dup2(high[0], 10)
    os.dup2(high[1], 11)
    os.dup2(10, 3)
    os.dup2(11, 4)
    os.closerange(5, 64)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2",
                      LISTEN_FDNAMES="socket:metrics",
                      NOTIFY_SOCKET=path + ".notify",
                      WATCHDOG_USEC="200000",
                      WATCHDOG_PID=str(os.getpid()))
    os.execv(sys.argv[2], sys.argv[2:])

signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
signal.signal(signal.SIGCHLD, lambda *_: None)
notify.settimeout(0.1)
while True:
    try:
        print(notify.recv(4096).decode().replace("\n", " "), flush=True)
        continue
    except TimeoutError:
        pass
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        sys.exit(os.waitstatus_to_exitcode(status) & 255)
