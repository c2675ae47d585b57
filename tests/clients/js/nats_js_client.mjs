// A real client for tests of the proxy, on nats.js: see tests/support/client_program.h for the commands.
import { connect, headers, nanos, Events, DebugEvents, StringCodec } from 'nats';
import { createInterface } from 'node:readline';

const text = StringCodec();
const seen = { disconnects: 0, reconnects: 0, errors: [], heard: [] };
let connection;
let closed = false;

async function watch() {
  for await (const status of connection.status()) {
    if (status.type === Events.Disconnect) seen.disconnects += 1;
    if (status.type === Events.Reconnect) seen.reconnects += 1;
    if (status.type === Events.Error) seen.errors.push(String(status.data));
    if (status.type === DebugEvents.StaleConnection) seen.errors.push('Stale Connection');
  }
}

const commands = {
  async connect({ url, name = 'nats.js', ping_ms = 120000, ca, first = false }) {
    connection = await connect({
      servers: url, name, pingInterval: ping_ms, maxPingOut: 2, maxReconnectAttempts: -1,
      reconnectTimeWait: 20, reconnectJitter: 0, timeout: 5000,
      ...(ca ? { tls: { caFile: ca, handshakeFirst: first } } : {}),
    });
    watch();
    connection.closed().then((error) => { closed = true; if (error) seen.errors.push(String(error.message)); });
    return {};
  },
  async publish({ subject, payload = '', id = '', timeout_ms = 2000 }) {
    const ack = await connection.jetstream({ timeout: timeout_ms }).publish(
      subject, text.encode(payload), { timeout: timeout_ms, ...(id ? { msgID: id } : {}) });
    return { seq: ack.seq, duplicate: ack.duplicate };
  },
  async send({ subject, payload = '' }) {
    connection.publish(subject, text.encode(payload));
    return {};
  },
  async flush({ timeout_ms = 2000 }) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('Timeout')), timeout_ms); });
    try { await Promise.race([connection.flush(), late]); } finally { clearTimeout(timer); }
    return {};
  },
  async fetch({ stream, consumer, count = 1, timeout_ms = 2000, ack = true }) {
    const messages = [];
    for await (const message of connection.jetstream().fetch(stream, consumer, { batch: count, expires: timeout_ms })) {
      messages.push({ payload: text.decode(message.data), seq: message.info.streamSequence,
                      delivered: message.info.redeliveryCount });
      if (ack) message.ack();
    }
    return { messages };
  },
  async ask({ subject, payload = '', timeout_ms = 2000 }) {
    const answer = await connection.request(subject, text.encode(payload), { timeout: timeout_ms });
    return { answer: text.decode(answer.data) };
  },
  async listen({ subject }) {
    connection.subscribe(subject, { callback: (_, message) => seen.heard.push(text.decode(message.data)) });
    await connection.flush();
    return {};
  },
  async heard() { return { payloads: seen.heard }; },
  async state() {
    const pool = connection.protocol.servers.getServers().map((server) => server.listen);
    return { connected: !closed && connection.protocol.connected, closed, disconnects: seen.disconnects,
             reconnects: seen.reconnects, errors: seen.errors, server: connection.getServer(), servers: pool };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...options } = JSON.parse(line);
  let answer;
  try {
    answer = await commands[what](options);
  } catch (error) {
    answer = { error: `${error.code ?? ''} ${error.message}`.trim() };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
