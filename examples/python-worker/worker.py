"""A small JetStream worker in Python: takes orders from one subject, works, and publishes a confirmation to
another. Honest by default; --wrong makes one of the mistakes that Squall is there to find."""

import argparse
import asyncio
import json
import os

import nats
from nats.errors import ConnectionClosedError, TimeoutError as NatsTimeout

WRONG = ["ack-first", "no-idempotency", "silent-after-reconnect", "gives-up", "reorders", "corrupts"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", default="ORDERS")
    parser.add_argument("--consumer", default="worker")
    parser.add_argument("--output", default="orders.confirmed")
    parser.add_argument("--work-ms", type=float, default=2)
    parser.add_argument("--wrong", choices=WRONG)
    return parser.parse_args()


class Worker:
    def __init__(self, options):
        self.options = options
        self.deaf = False  # silent-after-reconnect: connected, and no longer working
        self.held = None  # reorders: every tenth order waits for the next one

    def wrong(self, mistake):
        return self.options.wrong == mistake

    async def on_reconnect(self):
        print("worker: reconnect", flush=True)
        self.deaf = self.wrong("silent-after-reconnect")

    async def on_disconnect(self):
        print("worker: disconnect", flush=True)

    async def on_closed(self):
        print("worker: connection closed", flush=True)

    async def on_error(self, error):
        print(f"worker: {error!r}", flush=True)

    async def confirm(self, message):
        order = json.loads(message.data)
        await asyncio.sleep(self.options.work_ms / 1000)
        confirmation = {"order_id": order["order_id"], "amount": order.get("amount"), "status": "confirmed"}
        seq = message.metadata.sequence.stream
        if self.wrong("corrupts") and seq % 10 == 0:
            confirmation["amount"] = (order.get("amount") or 0) + 1
        headers = {}
        # The identity of the input makes a repeated confirmation a duplicate that the stream refuses.
        if not self.wrong("no-idempotency"):
            headers["Nats-Msg-Id"] = f"confirmed-{order['order_id']}"
        if message.headers and "Order-Id" in message.headers:
            headers["Order-Id"] = message.headers["Order-Id"]
        payload = json.dumps(confirmation).encode()
        await self.js.publish(self.options.output, payload, timeout=2, headers=headers)

    async def work(self, message):
        if self.wrong("ack-first"):
            await message.ack()
        try:
            await self.confirm(message)
            if not self.wrong("ack-first"):
                await message.ack()
        except ConnectionClosedError:
            raise
        except Exception as error:  # whatever it was, the order is not confirmed
            print(f"worker: order {message.metadata.sequence.stream}: {error!r}", flush=True)
            if not self.wrong("ack-first"):
                await message.nak(delay=0.1)

    async def work_in_turn(self, message):
        if self.wrong("reorders") and self.held is None and message.metadata.sequence.stream % 10 == 5:
            self.held = message
            return
        await self.work(message)
        await self.work_held()

    async def work_held(self):
        if self.held is not None:
            held, self.held = self.held, None
            await self.work(held)

    async def run(self):
        connection = await nats.connect(
            os.environ.get("NATS_URL", "nats://127.0.0.1:4222"),
            name="orders-worker",
            max_reconnect_attempts=0 if self.wrong("gives-up") else -1,
            allow_reconnect=not self.wrong("gives-up"),
            reconnect_time_wait=0.05,
            ping_interval=1,
            reconnected_cb=self.on_reconnect,
            disconnected_cb=self.on_disconnect,
            closed_cb=self.on_closed,
            error_cb=self.on_error,
        )
        self.js = connection.jetstream()
        pull = await self.js.pull_subscribe_bind(durable=self.options.consumer, stream=self.options.stream)
        print("worker: ready", flush=True)
        while not connection.is_closed:
            if self.deaf:
                await asyncio.sleep(0.1)
                continue
            try:
                for message in await pull.fetch(10, timeout=0.1):
                    await self.work_in_turn(message)
            except NatsTimeout:
                await self.work_held()  # nothing came in its place
            except ConnectionClosedError:
                break
            except Exception as error:
                print(f"worker: pull: {error!r}", flush=True)
                await asyncio.sleep(0.05)
        # gives-up: the process stays, and does nothing any more.
        while self.wrong("gives-up"):
            await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(Worker(arguments()).run())
