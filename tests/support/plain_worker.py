#!/usr/bin/env python3
"""A JetStream worker with nothing but Python's own library, for tests of the runner: takes messages from the consumer
ORDERS/worker one by one, publishes {"order_id": …} to orders.confirmed, waits for the PubAck and acks. Reconnects at
once. NATS_URL, or the first argument; --ack-first acks before it works; --confirm waits until its ack is confirmed; --work=SECONDS works longer; --below publishes
to orders.confirmed.<id>; --twice answers twice; --drop=TYPE acks orders of that type and does nothing more; NATS_USER and NATS_PASSWORD log in, NATS_CA makes it TLS."""
import json
import os
import socket
import ssl
import sys
import time

arguments = [a for a in sys.argv[1:] if a.startswith("--")]
urls = [a for a in sys.argv[1:] if not a.startswith("--")]
url = (urls[0] if urls else os.environ["NATS_URL"]).split(",")[0].split("//")[1]
host, port = url.rsplit(":", 1)
ack_first = "--ack-first" in arguments
confirm = "--confirm" in arguments
below = "--below" in arguments
twice = "--twice" in arguments
work = next((float(a[7:]) for a in arguments if a.startswith("--work=")), 0.001)
drop = next((a[7:] for a in arguments if a.startswith("--drop=")), None)
INBOX = "_INBOX.plain%d%d" % (os.getpid(), time.time_ns())


class Connection:
    def __init__(self):
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.socket.getsockname() == self.socket.getpeername():
            raise OSError("connected to itself")
        self.file = self.socket.makefile("rb")
        self.line()  # INFO
        if "NATS_CA" in os.environ:
            context = ssl.create_default_context(cafile=os.environ["NATS_CA"])
            self.socket = context.wrap_socket(self.socket, server_hostname=host)
            self.file = self.socket.makefile("rb")
        options = {"verbose": False, "headers": True, "no_responders": True, "lang": "plain", "name": "plain-worker"}
        if "NATS_USER" in os.environ:
            options |= {"user": os.environ["NATS_USER"], "pass": os.environ["NATS_PASSWORD"]}
        self.send("CONNECT %s\r\nSUB %s.pull 1\r\nSUB %s.pub 2\r\nSUB %s.ack 3\r\nPING\r\n" % (json.dumps(options), INBOX, INBOX, INBOX))

    def send(self, text):
        self.socket.sendall(text.encode())

    def line(self):
        line = self.file.readline()
        if not line:
            raise OSError("closed")
        return line.decode().rstrip("\r\n")

    def publish(self, subject, reply, payload, message_id=None):
        if message_id is None:
            return self.send("PUB %s %s %d\r\n%s\r\n" % (subject, reply, len(payload.encode()), payload))
        head = "NATS/1.0\r\nNats-Msg-Id: %s\r\n\r\n" % message_id
        size = len(head.encode())
        return self.send("HPUB %s %s %d %d\r\n%s%s\r\n" % (subject, reply, size, size + len(payload.encode()), head, payload))

    def message(self, subscription):
        """The next one of that subscription: (status line, reply, payload)."""
        while True:
            words = self.line().split()
            if words[:1] == ["PING"]:
                self.send("PONG\r\n")
            if words[:1] == ["-ERR"]:
                raise OSError(" ".join(words))
            if words[:1] not in (["MSG"], ["HMSG"]):
                continue
            with_headers = words[0] == "HMSG"
            sizes = words[-2:] if with_headers else words[-1:]
            head_size = int(sizes[0]) if with_headers else 0
            body = self.file.read(int(sizes[-1]) + 2)[:-2]
            fixed = 5 if with_headers else 4
            reply = words[3] if len(words) > fixed else ""
            if words[2] == subscription:
                return body[:head_size].decode().split("\r\n")[0], reply, body[head_size:].decode()


def serve():
    nats = Connection()
    print("connected", flush=True)
    while True:
        request = {"batch": 1, "expires": 5_000_000_000}
        nats.publish("$JS.API.CONSUMER.MSG.NEXT.ORDERS.worker", INBOX + ".pull", json.dumps(request))
        status, reply, payload = nats.message("1")
        if not reply.startswith("$JS.ACK"):
            if " 503" in status or " 404" in status:
                time.sleep(0.02)
            continue
        if ack_first:
            nats.publish(reply, "", "+ACK")
        content = json.loads(payload)
        order = content.get("order_id") or content["id"]
        if drop and content.get("type") == drop:
            nats.publish(reply, "", "+ACK")
            continue
        time.sleep(work)
        subject = "orders.confirmed" + ("." + order if below else "")
        if twice:
            nats.publish(subject, INBOX + ".first", json.dumps({"order_id": order}), "seen-" + order)
        nats.publish(subject, INBOX + ".pub", json.dumps({"order_id": order}), "confirmed-" + order)
        answer = json.loads(nats.message("2")[2] or "{}")
        if answer.get("seq") and not ack_first:
            nats.publish(reply, INBOX + ".ack" if confirm else "", "+ACK")
            if confirm:
                nats.message("3")


while True:
    try:
        serve()
    except (OSError, ValueError) as error:
        print("plain worker: %s" % error, flush=True)
        time.sleep(0.02)
