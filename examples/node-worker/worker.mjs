// A small JetStream worker in Node: takes orders from one subject, works, and publishes a confirmation to
// another. NATS_URL says where the server is, NATS_CREDS (a .creds file) and NATS_CA (certificates to trust) how to log
// in. Honest by default; --wrong makes one of the mistakes that Squall is there to find.
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, headers, StringCodec } from 'nats';

const WRONG = ['ack-first', 'no-idempotency', 'silent-after-reconnect', 'gives-up', 'reorders', 'corrupts'];
const args = Object.fromEntries(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const wrong = args.wrong ?? '';
if (wrong && !WRONG.includes(wrong)) {
  console.error(`worker: --wrong=${wrong} is not known; there are ${WRONG.join(', ')}`);
  process.exit(2);
}
const stream = args.stream ?? 'ORDERS';
const consumer = args.consumer ?? 'worker';
const output = args.output ?? 'orders.confirmed';
const workMs = Number(args['work-ms'] ?? 2);
const codec = StringCodec();
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// As services in production log in: none of it is Squall's affair.
const login = {};
if (process.env.NATS_CREDS) login.authenticator = credsAuthenticator(readFileSync(process.env.NATS_CREDS));
if (process.env.NATS_CA) login.tls = { caFile: process.env.NATS_CA };

const nc = await connect({
  ...login,
  servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222',
  name: 'orders-worker',
  maxReconnectAttempts: wrong === 'gives-up' ? 0 : -1,
  reconnectTimeWait: 50,
  reconnectJitter: 0,
  pingInterval: 1000,
});
const js = nc.jetstream();
let deaf = false; // silent-after-reconnect: connected, and no longer working

(async () => {
  for await (const status of nc.status()) {
    console.log(`worker: ${status.type}`);
    if (status.type === 'reconnect' && wrong === 'silent-after-reconnect') deaf = true;
  }
})();
nc.closed().then((error) => {
  console.log(`worker: connection closed${error ? `: ${error.message}` : ''}`);
  // gives-up: the process stays, and does nothing any more.
  if (wrong === 'gives-up') setInterval(() => {}, 1 << 30);
});

async function confirm(message) {
  const order = JSON.parse(codec.decode(message.data));
  await sleep(workMs);
  const confirmation = { order_id: order.order_id, amount: order.amount, status: 'confirmed' };
  if (wrong === 'corrupts' && message.seq % 10 === 0) confirmation.amount = (order.amount ?? 0) + 1;
  const options = { timeout: 2000 };
  // The identity of the input makes a repeated confirmation a duplicate that the stream refuses.
  if (wrong !== 'no-idempotency') options.msgID = `confirmed-${order.order_id}`;
  if (message.headers?.has('Order-Id')) {
    options.headers = headers();
    options.headers.set('Order-Id', message.headers.get('Order-Id'));
  }
  await js.publish(output, codec.encode(JSON.stringify(confirmation)), options);
}

async function work(message) {
  if (wrong === 'ack-first') message.ack();
  try {
    await confirm(message);
    if (wrong !== 'ack-first') message.ack();
  } catch (error) {
    console.log(`worker: order ${message.seq}: ${error.message}`);
    if (wrong !== 'ack-first') message.nak(100);
  }
}

console.log('worker: ready');
let held = null; // reorders: every tenth order waits for the next one
while (!nc.isClosed()) {
  if (deaf) {
    await sleep(100);
    continue;
  }
  try {
    const pull = await js.consumers.get(stream, consumer);
    const batch = await pull.fetch({ max_messages: 10, expires: 1000 });
    let count = 0;
    for await (const message of batch) {
      ++count;
      if (wrong === 'reorders' && held === null && message.seq % 10 === 5) {
        held = message;
        continue;
      }
      await work(message);
      if (held !== null) {
        await work(held);
        held = null;
      }
    }
    if (count === 0 && held !== null) { // nothing came in its place
      await work(held);
      held = null;
    }
  } catch (error) {
    if (nc.isClosed()) break;
    console.log(`worker: pull: ${error.message}`);
    await sleep(50);
  }
}
