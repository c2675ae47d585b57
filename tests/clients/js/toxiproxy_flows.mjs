// What users of Toxiproxy's Node client do with it, against `squall proxy`.
// usage: node toxiproxy_flows.mjs API_URL ECHO_PORT; exits 1 with what went wrong.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import client from 'toxiproxy-node-client';

const { Toxiproxy } = client;
const [api, echoPort] = process.argv.slice(2);
const upstream = `127.0.0.1:${echoPort}`;
const toxiproxy = new Toxiproxy(api);

// Milliseconds until an echo is back; throws when the connection does not carry it.
function echo(listen) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(Number(listen.split(':').pop()), '127.0.0.1', () => socket.write('hello\n'));
    socket.once('data', () => { socket.destroy(); resolve(performance.now() - began); });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

const flows = {
  async 'the version is one'() {
    assert.match(JSON.parse(await toxiproxy.getVersion()).version, /^2\./);
  },
  async 'a proxy is made, found, switched off and on, and removed'() {
    const proxy = await toxiproxy.createProxy({ name: 'one', listen: '127.0.0.1:0', upstream });
    assert.equal(proxy.enabled, true);
    await echo(proxy.listen);
    assert.deepEqual((await toxiproxy.get('one')).toJson(), proxy.toJson());
    const off = await proxy.update({ ...proxy.toJson(), enabled: false });
    assert.equal(off.enabled, false);
    await assert.rejects(echo(proxy.listen));
    await off.update({ ...off.toJson(), enabled: true });
    await echo(proxy.listen);
    await proxy.remove();
    await assert.rejects(toxiproxy.get('one'), /404/);
  },
  async 'toxics work while they are there, and can be changed'() {
    const proxy = await toxiproxy.createProxy({ name: 'one', listen: '127.0.0.1:0', upstream });
    const toxic = await proxy.addToxic({
      type: 'latency', name: '', stream: 'downstream', toxicity: 1, attributes: { latency: 300, jitter: 0 } });
    assert.equal(toxic.name, 'latency_downstream');
    assert.ok(await echo(proxy.listen) >= 300);
    const stronger = await toxic.update({ ...toxic.toJson(), attributes: { latency: 500, jitter: 0 } });
    assert.deepEqual(stronger.attributes, { latency: 500, jitter: 0 });
    assert.ok(await echo(proxy.listen) >= 500);
    assert.deepEqual((await proxy.getToxic('latency_downstream')).toJson(), stronger.toJson());
    await stronger.remove();
    assert.ok(await echo(proxy.listen) < 300);
    await assert.rejects(proxy.getToxic('latency_downstream'), /404/);
  },
  async 'every type of toxic is taken'() {
    const proxy = await toxiproxy.createProxy({ name: 'one', listen: '127.0.0.1:0', upstream });
    const types = {
      latency: { latency: 1, jitter: 0 }, bandwidth: { rate: 1000 }, slow_close: { delay: 1 },
      timeout: { timeout: 1000 }, reset_peer: { timeout: 1000 }, limit_data: { bytes: 1000000 },
      slicer: { average_size: 10, size_variation: 5, delay: 10 },
    };
    for (const [type, attributes] of Object.entries(types)) {
      const toxic = await proxy.addToxic({ type, name: type, stream: 'upstream', toxicity: 0.5, attributes });
      assert.deepEqual(toxic.toJson(), { type, name: type, stream: 'upstream', toxicity: 0.5, attributes });
    }
  },
  async 'populate makes what is missing, and reset heals all'() {
    const wanted = ['one', 'two'].map((name) => ({ name, listen: '127.0.0.1:0', upstream, enabled: true }));
    const proxies = await toxiproxy.populate(wanted);
    assert.deepEqual(Object.keys(proxies), ['one', 'two']);
    assert.deepEqual(Object.keys(await toxiproxy.getAll()), ['one', 'two']);
    await proxies.one.addToxic({ type: 'timeout', name: 'hole', stream: 'downstream', toxicity: 1, attributes: { timeout: 50 } });
    await proxies.two.update({ ...proxies.two.toJson(), enabled: false });
    await assert.rejects(echo(proxies.one.listen));
    await toxiproxy.reset();
    await echo(proxies.one.listen);
    await echo(proxies.two.listen);
    await assert.rejects(proxies.one.getToxic('hole'), /404/);
  },
  async 'mistakes have their statuses'() {
    const proxy = await toxiproxy.createProxy({ name: 'one', listen: '127.0.0.1:0', upstream });
    await assert.rejects(toxiproxy.createProxy({ name: 'one', listen: '127.0.0.1:0', upstream }), /409/);
    await assert.rejects(toxiproxy.createProxy({ name: '', listen: '127.0.0.1:0', upstream }), /400/);
    await assert.rejects(toxiproxy.createProxy({ name: 'two', listen: proxy.listen, upstream }), /500/);
    await assert.rejects(proxy.addToxic({ type: 'none', attributes: {} }), /400/);
    await assert.rejects(proxy.addToxic({ type: 'latency', stream: 'sideways', attributes: {} }), /400/);
    await proxy.addToxic({ type: 'latency', name: 'a', attributes: { latency: 1, jitter: 0 } });
    await assert.rejects(proxy.addToxic({ type: 'latency', name: 'a', attributes: {} }), /409/);
  },
};

for (const [name, flow] of Object.entries(flows)) {
  try {
    await flow();
  } catch (error) {
    console.error(`not ok: ${name}\n${error.stack}`);
    process.exit(1);
  }
  for (const proxy of Object.values(await toxiproxy.getAll())) await proxy.remove();
  console.log(`ok: ${name}`);
}
