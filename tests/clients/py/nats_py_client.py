"""A real client for tests of the proxy, on nats-py: see tests/support/client_program.h for the commands."""
import asyncio
import json
import ssl
import sys

import nats


class Client:
    def __init__(self):
        self.connection = None
        self.jetstream = None
        self.pulls = {}
        self.disconnects = 0
        self.reconnects = 0
        self.errors = []
        self.payloads = []

    async def connect(self, url, name="nats-py", ping_ms=120000, ca=None, first=False):
        async def disconnected():
            self.disconnects += 1

        async def reconnected():
            self.reconnects += 1

        async def failed(error):
            self.errors.append(str(error))

        self.connection = await nats.connect(
            url, name=name, ping_interval=ping_ms / 1000, max_outstanding_pings=2, max_reconnect_attempts=-1,
            reconnect_time_wait=0.02, connect_timeout=5, disconnected_cb=disconnected,
            reconnected_cb=reconnected, error_cb=failed,
            **({"tls": ssl.create_default_context(cafile=ca), "tls_handshake_first": first} if ca else {}))
        self.jetstream = self.connection.jetstream()
        return {}

    async def publish(self, subject, payload="", id="", timeout_ms=2000):
        ack = await self.jetstream.publish(
            subject, payload.encode(), timeout=timeout_ms / 1000, headers={"Nats-Msg-Id": id} if id else None)
        return {"seq": ack.seq, "duplicate": bool(ack.duplicate)}

    async def send(self, subject, payload=""):
        await self.connection.publish(subject, payload.encode())
        return {}

    async def flush(self, timeout_ms=2000):
        await self.connection.flush(timeout=timeout_ms / 1000)
        return {}

    async def fetch(self, stream, consumer, count=1, timeout_ms=2000, ack=True):
        key = (stream, consumer)
        if key not in self.pulls:
            self.pulls[key] = await self.jetstream.pull_subscribe_bind(durable=consumer, stream=stream)
        try:
            messages = await self.pulls[key].fetch(count, timeout=timeout_ms / 1000)
        except nats.errors.TimeoutError:
            messages = []
        found = []
        for message in messages:
            about = message.metadata
            found.append({"payload": message.data.decode(), "seq": about.sequence.stream,
                          "delivered": about.num_delivered})
            if ack:
                await message.ack()
        return {"messages": found}

    async def ask(self, subject, payload="", timeout_ms=2000):
        answer = await self.connection.request(subject, payload.encode(), timeout=timeout_ms / 1000)
        return {"answer": answer.data.decode()}

    async def listen(self, subject):
        async def hear(message):
            self.payloads.append(message.data.decode())

        await self.connection.subscribe(subject, cb=hear)
        await self.connection.flush()
        return {}

    async def heard(self):
        return {"payloads": self.payloads}

    async def state(self):
        connection = self.connection
        url = connection.connected_url
        return {"connected": connection.is_connected, "closed": connection.is_closed,
                "disconnects": self.disconnects, "reconnects": self.reconnects, "errors": self.errors,
                "server": url.netloc if url else "", "servers": [server.netloc for server in connection.servers]}


async def main():
    client = Client()
    reader = asyncio.StreamReader(limit=4 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        try:
            answer = await getattr(client, command.pop("do"))(**command)
        except Exception as error:  # every failure is an answer
            answer = {"error": f"{type(error).__name__} {error}".strip()}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
