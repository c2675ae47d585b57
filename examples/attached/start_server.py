#!/usr/bin/env python3
"""start_server.py FOLDER: a nats-server with TLS and an operator's JWTs, as a company runs it, with the streams of the
example on it; prints its URL and stays until it is ended. Leaves worker.creds and ca.pem in the folder. Needs
nats-server, openssl, and nothing else beyond Python's own library."""
import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)


def path(name):
    return os.path.join(folder, name)


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, check=True, capture_output=True).stdout


class Key:
    """An NKEY: an Ed25519 key as NATS writes it."""

    def __init__(self, role):
        self.role = role
        self.pem = path(role + ".pem")
        with open(self.pem, "wb") as file:
            file.write(openssl("genpkey", "-algorithm", "ed25519"))
        self.raw_seed = openssl("pkey", "-in", self.pem, "-outform", "DER")[-32:]
        self.raw_public = openssl("pkey", "-in", self.pem, "-pubout", "-outform", "DER")[-32:]
        self.prefix = {"operator": 14 << 3, "account": 0, "user": 20 << 3}[role.split("-")[0]]

    @staticmethod
    def text(raw):
        crc = 0
        for byte in raw:
            crc ^= byte << 8
            for _ in range(8):
                crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else (crc << 1) & 0xFFFF
        return base64.b32encode(raw + crc.to_bytes(2, "little")).decode().rstrip("=")

    def public(self):
        return self.text(bytes([self.prefix]) + self.raw_public)

    def seed(self):
        first = (18 << 3) | (self.prefix >> 5)
        return self.text(bytes([first, (self.prefix & 31) << 3]) + self.raw_seed)

    def sign(self, text):
        with open(path("text"), "wb") as file:
            file.write(text)
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.pem, "-in", path("text"))


def jwt(issuer, subject, name, nats):
    def encoded(value):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    claims = {"jti": name, "iat": int(time.time()), "iss": issuer.public(), "name": name, "sub": subject,
              "nats": nats | {"version": 2}}
    body = encoded({"typ": "JWT", "alg": "ed25519-nkey"}) + b"." + encoded(claims)
    return (body + b"." + encoded(issuer.sign(body))).decode()


operator, account, system, user = Key("operator"), Key("account"), Key("account-system"), Key("user")
limits = {name: -1 for name in ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage",
                                "disk_storage", "streams", "consumer")} | {"wildcards": True}
with open(path("worker.creds"), "w", encoding="ascii") as file:
    file.write("-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n" % jwt(
        account, user.public(), "worker", {"type": "user", "subs": -1, "data": -1, "payload": -1}))
    file.write("-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n" % user.seed())
openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=example", "-addext",
        "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", path("server.key"), "-out", path("ca.pem"))
preload = {account.public(): jwt(operator, account.public(), "ORDERS", {"type": "account", "limits": limits}),
           system.public(): jwt(operator, system.public(), "SYS", {"type": "account"})}
with open(path("server.conf"), "w", encoding="ascii") as file:
    file.write('listen: "127.0.0.1:-1"\nports_file_dir: "%s"\njetstream { store_dir: "%s" }\n' % (folder, path("store")))
    file.write('tls { cert_file: "%s", key_file: "%s" }\n' % (path("ca.pem"), path("server.key")))
    file.write("operator: %s\nresolver: MEMORY\nsystem_account: %s\nresolver_preload: %s\n" % (
        jwt(operator, operator.public(), "op", {"type": "operator"}), system.public(), json.dumps(preload)))
with open(path("server.log"), "wb") as log:
    server = subprocess.Popen(["nats-server", "-c", path("server.conf")], stdout=log, stderr=log)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def ports():
    name = path("nats-server_%d.ports" % server.pid)
    while True:
        try:
            with open(name, encoding="ascii") as file:
                return int(json.load(file)["nats"][0].rsplit(":", 1)[1])
        except (OSError, ValueError):
            if server.poll() is not None:
                sys.exit("nats-server ended: see " + path("server.log"))
            time.sleep(0.01)


def make(port, requests):
    """Each request of JetStream's API, one after the other, on a connection of our own."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    info = json.loads(plain.makefile("rb").readline().decode()[5:])
    secure = ssl.create_default_context(cafile=path("ca.pem")).wrap_socket(plain, server_hostname="127.0.0.1")
    with open(path("worker.creds"), encoding="ascii") as file:
        token = file.read().split("\n")[1]
    signature = base64.urlsafe_b64encode(user.sign(info["nonce"].encode())).rstrip(b"=").decode()
    hello = {"verbose": False, "jwt": token, "sig": signature, "headers": True, "no_responders": True}
    secure.sendall(("CONNECT %s\r\nSUB _INBOX.made 1\r\n" % json.dumps(hello)).encode())
    lines = secure.makefile("rb")
    for subject, body in requests:
        text = json.dumps(body)
        secure.sendall(("PUB $JS.API.%s _INBOX.made %d\r\n%s\r\n" % (subject, len(text), text)).encode())
        while not (line := lines.readline()).startswith(b"MSG"):
            if line.startswith(b"-ERR") or not line:
                sys.exit("nats-server: %s" % line.decode())
        answer = json.loads(lines.read(int(line.split()[-1]) + 2))
        if "error" in answer:
            sys.exit("nats-server: %s" % answer["error"])


try:
    port = ports()
    make(port, [
        ("STREAM.CREATE.ORDERS", {"name": "ORDERS", "subjects": ["orders.created"]}),
        ("STREAM.CREATE.CONFIRMED", {"name": "CONFIRMED", "subjects": ["orders.confirmed"]}),
        ("CONSUMER.DURABLE.CREATE.ORDERS.worker",
         {"stream_name": "ORDERS", "config": {"durable_name": "worker", "ack_policy": "explicit", "ack_wait": 2 * 10**9}}),
    ])
    print("tls://127.0.0.1:%d" % port, flush=True)
    server.wait()
finally:
    server.kill()
    server.wait()
