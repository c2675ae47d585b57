#!/usr/bin/env python3
"""Plays what Testcontainers' Toxiproxy modules send, as they send it, and looks at what becomes of bytes.

Java: ToxiproxyContainer waits for GET /version, creates proxies that are named as their upstream and listen on every
address, and cuts and mends them with two toxics of bandwidth 0. Its client is toxiproxy-java; requests and headers are
as version 2.1.7 sent them on Java 17 (names and ports are ours). Node: ToxiProxyContainer waits for GET /version,
lists proxies to find a free port, creates one, and switches it with POST of all its fields.

  testcontainers.py API_URL ECHO_PORT
"""
import http.client
import json
import socket
import sys
import urllib.parse

JAVA = {"User-Agent": "Java/17.0.15", "Accept": "text/html, image/gif, image/jpeg, */*; q=0.2",
        "Connection": "keep-alive"}
NODE = {"User-Agent": "axios/1.7.2", "Accept": "application/json, text/plain, */*"}


class Module:
    """One connection that is kept, as HttpURLConnection and axios' agent do."""

    def __init__(self, api, headers, content_type):
        at = urllib.parse.urlsplit(api)
        # The name that they use, which a machine without /etc/hosts does not know.
        self.headers = {"Host": f"localhost:{at.port}", **headers}
        self.content_type = content_type
        self.connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=10)

    def ask(self, method, path, body=None):
        headers = dict(self.headers)
        if body is not None:
            headers["Content-type"] = self.content_type
        self.connection.request(method, path, None if body is None else json.dumps(body, separators=(",", ":")), headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text else None


def wants(got, expected):
    if got != expected:
        sys.exit(f"got {got}, want {expected}")


def dial(listen):
    return socket.create_connection(("127.0.0.1", int(listen.rpartition(":")[2])), timeout=10)


def echoes(connection, text):
    connection.sendall(text)
    got = b""
    while len(got) < len(text):
        got += connection.recv(64) or sys.exit("the connection ended")
    wants(got, text)


def is_silent(connection):
    connection.settimeout(0.3)
    try:
        sys.exit(f"it is cut, and brings {connection.recv(64)}")
    except TimeoutError:
        connection.settimeout(10)


def java(api, port):
    module = Module(api, JAVA, "application/x-www-form-urlencoded")
    status, version = module.ask("GET", "/version")
    wants((status, version["version"][:4]), (200, "2.12"))
    upstream = f"127.0.0.1:{port}"
    create = {"name": upstream, "listen": "0.0.0.0:0", "upstream": upstream}
    status, proxy = module.ask("POST", "/proxies", create)
    wants((status, proxy["name"], proxy["enabled"]), (201, upstream, True))
    status, error = module.ask("POST", "/proxies", create)
    wants((status, error["error"], error["status"]), (409, "proxy already exists", 409))
    connection = dial(proxy["listen"])
    echoes(connection, b"before")
    toxics = f"/proxies/{upstream}/toxics"
    cuts = {"CUT_CONNECTION_DOWNSTREAM": "downstream", "CUT_CONNECTION_UPSTREAM": "upstream"}
    for name, stream in cuts.items():
        toxic = {"name": name, "stream": stream, "toxicity": 1.0, "type": "bandwidth", "attributes": {"rate": 0}}
        status, made = module.ask("POST", toxics, toxic)
        wants((status, made), (200, {**toxic, "toxicity": 1}))
    connection.sendall(b"meanwhile")
    is_silent(connection)
    for name, stream in cuts.items():
        status, toxic = module.ask("GET", f"{toxics}/{name}")
        wants((status, toxic["stream"], toxic["type"]), (200, stream, "bandwidth"))
        wants(module.ask("DELETE", f"{toxics}/{name}"), (204, None))
    wants(connection.recv(9, socket.MSG_WAITALL), b"meanwhile")
    echoes(connection, b"after")
    # Changes as its client writes them: one attribute, or one field, alone.
    toxic = {"name": "slow", "stream": "downstream", "toxicity": 1.0, "type": "latency", "attributes": {"latency": 110}}
    wants(module.ask("POST", toxics, toxic)[0], 200)
    changed = module.ask("POST", f"{toxics}/slow", {"attributes": {"jitter": 10}})
    wants((changed[0], changed[1]["attributes"]), (200, {"latency": 110, "jitter": 10}))
    wants(module.ask("POST", f"{toxics}/slow", {"toxicity": 0.5})[1]["toxicity"], 0.5)
    wants(module.ask("POST", f"/proxies/{upstream}", {"enabled": False})[1]["enabled"], False)
    wants(module.ask("POST", f"/proxies/{upstream}", {"enabled": True})[1]["enabled"], True)
    wants(module.ask("POST", "/reset", {}), (204, None))
    wants(module.ask("GET", toxics), (200, []))
    wants(module.ask("DELETE", f"/proxies/{upstream}"), (204, None))
    print("ok: Java")


def node(api, port):
    module = Module(api, NODE, "application/json")
    wants(module.ask("GET", "/version")[0], 200)
    wants(module.ask("GET", "/proxies"), (200, {}))
    upstream = f"127.0.0.1:{port}"
    status, proxy = module.ask("POST", "/proxies", {"name": "redis", "upstream": upstream, "listen": "0.0.0.0:0"})
    wants(status, 201)
    listen = proxy["listen"]
    wants(list(module.ask("GET", "/proxies")[1].values())[0]["listen"], listen)
    echoes(dial(listen), b"before")
    fields = {"listen": listen, "upstream": upstream}
    wants(module.ask("POST", "/proxies/redis", {"enabled": False, **fields})[1]["enabled"], False)
    try:
        dial(listen)
        sys.exit("it is off, and accepts")
    except ConnectionRefusedError:
        pass
    wants(module.ask("POST", "/proxies/redis", {"enabled": True, **fields})[1]["enabled"], True)
    echoes(dial(listen), b"after")
    wants(module.ask("DELETE", "/proxies/redis"), (204, None))
    print("ok: Node")


if __name__ == "__main__":
    java(sys.argv[1], int(sys.argv[2]))
    node(sys.argv[1], int(sys.argv[2]))
