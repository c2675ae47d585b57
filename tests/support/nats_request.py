#!/usr/bin/env python3
"""nats_request.py URL SUBJECT [PAYLOAD]: one request, its answer on standard output. For script tests; Python's own
library only."""
import socket
import sys

host, port = sys.argv[1].split("//")[1].rsplit(":", 1)
payload = (sys.argv[3] if len(sys.argv) > 3 else "").encode()
connection = socket.create_connection((host, int(port)), timeout=5)
stream = connection.makefile("rb")
stream.readline()
connection.sendall(b'CONNECT {"verbose": false, "headers": true, "no_responders": true}\r\nSUB _INBOX.r 1\r\n')
connection.sendall(b"PUB %s _INBOX.r %d\r\n%s\r\n" % (sys.argv[2].encode(), len(payload), payload))
while line := stream.readline():
    words = line.split()
    if words[0] == b"MSG":
        print(stream.read(int(words[-1])).decode())
        sys.exit(0)
    if words[0] in (b"HMSG", b"-ERR"):
        sys.exit("nats_request: " + line.decode() + stream.read(int(words[-2])).decode() if words[0] == b"HMSG" else line.decode())
sys.exit("nats_request: closed")
