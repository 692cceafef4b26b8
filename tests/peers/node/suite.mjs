// What the clients of @nats-io see of a NATS server; `../run.py` starts one and tells where it is.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { AckPolicy, DeliverPolicy, DiscardPolicy, jetstream, jetstreamManager, StorageType } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { connect, createInbox, headers, nkeyAuthenticator, nanos } from "@nats-io/transport-node";

const servers = JSON.parse(process.env.PEERS);
const PATIENCE = 30_000;
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const open = (options = {}) => connect({ servers: servers.open.url, timeout: PATIENCE, ...options });

async function take(from, count) {
  const taken = [];
  if (count > 0) {
    for await (const it of from) {
      if (taken.push(it) === count) break;
    }
  }
  return taken;
}

async function all(from) {
  const taken = [];
  for await (const it of from) taken.push(it);
  return taken;
}

/** Asks, and takes several answers. */
async function answers(nc, subject, body, count) {
  const reply = createInbox();
  const sub = nc.subscribe(reply, { max: count });
  nc.publish(subject, body, { reply });
  return await take(sub, count);
}

const numbers = (from, to) => Array.from({ length: to - from }, (_, at) => String(from + at));
const strings = (messages) => messages.map((it) => it.string());
const code = (expected) => (error) => (error.code ?? error.status) === expected || assert.fail(error);

const checks = {
  async wildcards(nc) {
    const [star, rest] = [nc.subscribe("w.*", { max: 1 }), nc.subscribe("w.>", { max: 2 })];
    for (const it of ["w.a", "w.a.b", "w", "x.a"]) nc.publish(it, it);
    assert.deepEqual(strings(await all(star)), ["w.a"]);
    assert.deepEqual(strings(await all(rest)), ["w.a", "w.a.b"]);
  },

  async headers(nc) {
    const sub = nc.subscribe("h", { max: 1 });
    const block = headers();
    block.append("A", "1");
    block.append("A", "2");
    block.set("Long", "y".repeat(500));
    nc.publish("h", "x".repeat(1000), { headers: block });
    const [it] = await all(sub);
    assert.deepEqual([it.headers.values("A"), it.headers.get("Long").length, it.data.length], [["1", "2"], 500, 1000]);
  },

  async queue_groups(nc) {
    const plain = nc.subscribe("q");
    const members = [1, 2, 3].map(() => nc.subscribe("q", { queue: "g", callback: () => {} }));
    for (let it = 0; it < 60; it++) nc.publish("q");
    await take(plain, 60);
    await nc.flush();
    const counts = members.map((it) => it.getReceived());
    assert.equal(counts.reduce((sum, it) => sum + it), 60);
    assert.ok(counts.every((it) => it > 0), String(counts));
  },

  async requests(nc) {
    await assert.rejects(nc.request("nobody", "", { timeout: PATIENCE }), /no responders/i);
    for (let it = 0; it < 3; it++) nc.subscribe("echo", { callback: (_, msg) => msg.respond(msg.data) });
    const some = numbers(0, 100);
    const replies = await Promise.all(some.map((it) => nc.request("echo", it, { timeout: PATIENCE })));
    assert.deepEqual(strings(replies), some);
    const options = { strategy: "count", maxMessages: 3, maxWait: PATIENCE };
    assert.deepEqual(strings(await all(await nc.requestMany("echo", "all", options))), ["all", "all", "all"]);
    const one = nc.subscribe("once", { max: 1, callback: () => {} });
    nc.publish("once");
    await one.closed;
    await assert.rejects(nc.request("once", "", { timeout: PATIENCE }), /no responders/i);
  },

  async drain(nc) {
    let heard = 0;
    const other = await open();
    other.subscribe("d", { callback: () => heard++ });
    await other.flush();
    for (let it = 0; it < 50; it++) nc.publish("d");
    await nc.flush();
    await other.drain();
    assert.ok(heard === 50 && other.isClosed());
  },

  async errors_of_the_protocol(nc) {
    assert.throws(() => nc.publish("p", new Uint8Array(nc.info.max_payload + 1)), /payload/);
    const { hostname, port } = new URL(servers.open.url);
    for (const [said, answer] of [
      [`PUB a ${nc.info.max_payload + 1}\r\n`, "-ERR 'Maximum Payload Violation'"],
      ["NONSENSE\r\n", "-ERR 'Unknown Protocol Operation'"],
    ]) {
      const socket = createConnection(Number(port), hostname).setEncoding("utf8");
      socket.write(`CONNECT {"verbose":false}\r\n${said}`);
      const heard = (await all(socket)).join("");
      assert.ok(heard.includes(answer), heard);
    }
  },

  async logins() {
    const key = new TextEncoder().encode(servers.nkey.seed);
    const { token, user, nkey } = servers;
    for (const [servers, right, wrong] of [
      [token.url, { token: token.token }, { token: "wrong" }],
      [user.url, { user: user.user, pass: user.password }, { user: "u", pass: "wrong" }],
      [nkey.url, { authenticator: nkeyAuthenticator(key) }, {}],
    ]) {
      const nc = await connect({ servers, reconnect: false, ...right });
      await nc.flush();
      await nc.close();
      await assert.rejects(connect({ servers, reconnect: false, ...wrong }), /authorization/i);
    }
  },

  async account(nc, js, jsm) {
    const before = await jsm.getAccountInfo();
    await jsm.streams.add({ name: "ACCOUNT", subjects: ["account"], storage: StorageType.Memory });
    await js.publish("account", "x".repeat(100));
    const after = await jsm.getAccountInfo();
    assert.ok(after.streams === before.streams + 1 && after.memory > before.memory && after.domain === "core");
    assert.equal((await (await jetstreamManager(nc, { domain: "core" })).getAccountInfo()).streams, after.streams);
  },

  async streams(nc, js, jsm) {
    const config = { name: "STREAMS", subjects: ["s.>"], max_msgs: 100, metadata: { a: "b" } };
    assert.equal((await jsm.streams.add(config)).config.metadata.a, "b");
    assert.equal((await jsm.streams.add(config)).state.messages, 0);
    await assert.rejects(jsm.streams.add({ ...config, max_msgs: 5 }), code(10058));
    await assert.rejects(jsm.streams.add({ name: "OTHER", subjects: ["s.a"] }), code(10065));
    for (let it = 0; it < 12; it++) await js.publish(`s.${it % 3}`, String(it));
    const info = await jsm.streams.info("STREAMS", { subjects_filter: "s.>" });
    assert.deepEqual(info.state.subjects, { "s.0": 4, "s.1": 4, "s.2": 4 });
    assert.equal(await jsm.streams.find("s.1"), "STREAMS");
    assert.deepEqual((await all(jsm.streams.list("s.1"))).map((it) => it.config.name), ["STREAMS"]);
    assert.deepEqual(await all(jsm.streams.names("s.1")), ["STREAMS"]);
    await jsm.streams.update("STREAMS", { max_msgs: 11 });
    assert.equal((await jsm.streams.purge("STREAMS", { filter: "s.1" })).purged, 4);
    assert.equal((await jsm.streams.purge("STREAMS", { seq: 4 })).purged, 1);
    assert.equal((await jsm.streams.purge("STREAMS", { keep: 2 })).purged, 4);
    const { messages, first_seq, last_seq } = (await jsm.streams.info("STREAMS")).state;
    assert.deepEqual([messages, first_seq, last_seq], [2, 10, 12]);
    assert.ok(await jsm.streams.delete("STREAMS"));
    await assert.rejects(jsm.streams.info("STREAMS"), code(10059));
  },

  async publishing(nc, js, jsm) {
    await jsm.streams.add({ name: "PUBLISH", subjects: ["p.*"], max_msgs_per_subject: 3, allow_rollup_hdrs: true });
    assert.ok(!(await js.publish("p.a", "", { msgID: "1" })).duplicate);
    const again = await js.publish("p.a", "", { msgID: "1" });
    assert.ok(again.duplicate && again.seq === 1);
    await js.publish("p.b", "", { expect: { lastSequence: 1, streamName: "PUBLISH", lastMsgID: "1" } });
    await js.publish("p.a", "", { expect: { lastSubjectSequence: 1 } });
    for (const [expect, expected] of [
      [{ lastSequence: 1 }, 10071],
      [{ streamName: "X" }, 10060],
      [{ lastSubjectSequence: 9 }, 10071],
      [{ lastMsgID: "x" }, 10070],
    ]) {
      await assert.rejects(js.publish("p.a", "", { expect }), code(expected));
    }
    for (let it = 0; it < 4; it++) await js.publish("p.b");
    assert.equal((await jsm.streams.info("PUBLISH", { subjects_filter: "p.b" })).state.subjects["p.b"], 3);
    const rollup = headers();
    rollup.set("Nats-Rollup", "all");
    await js.publish("p.b", "", { headers: rollup });
    assert.equal((await jsm.streams.info("PUBLISH")).state.messages, 1);
    await jsm.streams.add({ name: "NEW", subjects: ["new"], max_msgs: 1, discard: DiscardPolicy.New, max_msg_size: 10 });
    await js.publish("new", "1");
    await assert.rejects(js.publish("new", "2"), code(10077));
    await assert.rejects(js.publish("new", "x".repeat(11)), code(10054));
  },

  async stored_messages(nc, js, jsm) {
    await jsm.streams.add({ name: "GET", subjects: ["g.*"], allow_direct: true });
    for (let it = 0; it < 6; it++) await js.publish(`g.${it % 2}`, String(it));
    for (const from of [jsm.streams, jsm.direct]) {
      assert.equal((await from.getMessage("GET", { seq: 3 })).string(), "2");
      const last = await from.getMessage("GET", { last_by_subj: "g.0" });
      assert.deepEqual([last.seq, last.subject, last.string()], [5, "g.0", "4"]);
      assert.equal((await from.getMessage("GET", { seq: 2, next_by_subj: "g.0" })).seq, 3);
      assert.equal(await from.getMessage("GET", { seq: 99 }), null);
    }
    assert.ok(await jsm.streams.deleteMessage("GET", 3));
    assert.equal(await jsm.streams.getMessage("GET", { seq: 3 }), null);
    assert.deepEqual((await jsm.streams.info("GET", { deleted_details: true })).state.deleted, [3]);
  },

  async pulling(nc, js, jsm) {
    await jsm.streams.add({ name: "PULL", subjects: ["pull.*"] });
    for (const it of numbers(0, 10)) await js.publish(`pull.${it % 2}`, it);
    await jsm.consumers.add("PULL", { durable_name: "dur", ack_policy: AckPolicy.Explicit });
    const durable = await js.consumers.get("PULL", "dur");
    for (const msg of await all(await durable.fetch({ max_messages: 4, expires: PATIENCE }))) {
      assert.ok(await msg.ackAck());
    }
    const info = await durable.info();
    assert.deepEqual([info.num_pending, info.num_ack_pending, info.ack_floor.stream_seq], [6, 0, 4]);
    const rest = await all(await durable.fetch({ max_messages: 100, expires: 3000 }));
    assert.deepEqual(strings(rest), numbers(4, 10));
    for (const it of rest) it.ack();
    assert.equal(await durable.next({ expires: 1000 }), null);
    const late = await durable.consume({ max_messages: 5, expires: PATIENCE, idle_heartbeat: 2000 });
    await js.publish("pull.0", "late");
    assert.deepEqual(strings(await take(late, 1)), ["late"]);
    await late.close();
    const config = { filter_subject: "pull.none", inactive_threshold: nanos(30_000), ack_policy: AckPolicy.None };
    const { name } = await jsm.consumers.add("PULL", config);
    for (const [body, status] of [[{ batch: 1, no_wait: true }, 404], [{ batch: 1, expires: nanos(100) }, 408]]) {
      const [answer] = await answers(nc, `$JS.API.CONSUMER.MSG.NEXT.PULL.${name}`, JSON.stringify(body), 1);
      assert.equal(answer.headers.code, status);
    }
    const beating = JSON.stringify({ batch: 1, expires: nanos(2000), idle_heartbeat: nanos(100) });
    const beats = await answers(nc, `$JS.API.CONSUMER.MSG.NEXT.PULL.${name}`, beating, 2);
    assert.deepEqual(beats.map((it) => it.headers.code), [100, 100]);
    assert.deepEqual((await all(jsm.consumers.list("PULL"))).map((it) => it.name).sort(), ["dur", name].sort());
    assert.ok(await jsm.consumers.delete("PULL", name));
    await assert.rejects(jsm.consumers.info("PULL", name), code(10014));
  },

  async acknowledging(nc, js, jsm) {
    await jsm.streams.add({ name: "ACK", subjects: ["ack"] });
    for (const it of numbers(0, 3)) await js.publish("ack", it);
    const config = { durable_name: "a", ack_policy: AckPolicy.Explicit, ack_wait: nanos(3000), max_deliver: 3 };
    await jsm.consumers.add("ACK", config);
    const consumer = await js.consumers.get("ACK", "a");
    let [first, second, third] = await all(await consumer.fetch({ max_messages: 3, expires: PATIENCE }));
    first.nak();
    second.term("reason");
    third.nak(300);
    first = await consumer.next({ expires: PATIENCE });
    third = await consumer.next({ expires: PATIENCE });
    assert.deepEqual([first.string(), first.info.deliveryCount], ["0", 2]);
    assert.deepEqual([third.string(), third.info.deliveryCount], ["2", 2]);
    assert.ok(await third.ackAck());
    for (let it = 0; it < 4; it++) {
      await sleep(1000);
      first.working();
    }
    assert.equal((await consumer.info()).num_redelivered, 1);
    first = await consumer.next({ expires: PATIENCE });
    assert.deepEqual([first.string(), first.info.deliveryCount], ["0", 3]);
    assert.equal(await consumer.next({ expires: 4000 }), null);
  },

  async ordered_and_pushing(nc, js, jsm) {
    await jsm.streams.add({ name: "PUSH", subjects: ["push.*"], storage: StorageType.Memory });
    const sent = numbers(0, 500);
    for (const it of sent) await js.publish(`push.${it % 2}`, it);
    const pulled = await (await js.consumers.get("PUSH")).consume();
    assert.deepEqual(strings(await take(pulled, 500)), sent);
    const pushed = await (await js.consumers.getPushConsumer("PUSH")).consume();
    assert.deepEqual(strings(await take(pushed, 500)), sent);
    const some = await js.consumers.get("PUSH", { filter_subjects: "push.1", deliver_policy: DeliverPolicy.Last });
    assert.equal((await some.next({ expires: PATIENCE })).string(), "499");
    const by = { deliver_subject: createInbox(), idle_heartbeat: nanos(500), flow_control: true, headers_only: true };
    const both = { filter_subjects: ["push.0", "push.1"], ack_policy: AckPolicy.Explicit, durable_name: "p" };
    await jsm.consumers.add("PUSH", { ...by, ...both, deliver_policy: DeliverPolicy.LastPerSubject });
    const last = await (await js.consumers.getPushConsumer("PUSH", "p")).consume();
    const two = await take(last, 2);
    assert.deepEqual(two.map((it) => [it.seq, it.headers.get("Nats-Msg-Size")]), [[499, "3"], [500, "3"]]);
    for (const it of two) assert.ok(await it.ackAck());
  },

  async key_values(nc) {
    const kvm = new Kvm(nc);
    const kv = await kvm.create("peers", { history: 3 });
    assert.equal(await kv.create("a", "1"), 1);
    await assert.rejects(kv.create("a", "2"), code(10071));
    assert.equal(await kv.update("a", "2", 1), 2);
    await assert.rejects(kv.update("a", "3", 1), code(10071));
    for (let it = 3; it < 6; it++) assert.equal(await kv.put("a", String(it)), it);
    const entry = await kv.get("a");
    assert.deepEqual([entry.string(), entry.revision], ["5", 5]);
    assert.equal((await kv.get("a", { revision: 4 })).string(), "4");
    assert.deepEqual(strings(await take(await kv.history({ key: "a" }), 3)), ["3", "4", "5"]);
    await kv.put("b.c", "6");
    assert.deepEqual((await all(await kv.keys())).sort(), ["a", "b.c"]);
    const watch = await kv.watch();
    const seen = watch[Symbol.asyncIterator]();
    const next = async () => (await seen.next()).value;
    assert.deepEqual([(await next()).key, (await next()).key], ["a", "b.c"]);
    await kv.delete("a");
    await kv.purge("b.c");
    for (const expected of [["a", "DEL"], ["b.c", "PURGE"]]) {
      const { key, operation } = await next();
      assert.deepEqual([key, operation], expected);
    }
    assert.equal((await kv.get("a")).operation, "DEL");
    assert.equal(await kv.get("never"), null);
    assert.equal(await kv.create("a", "again"), 9);
    assert.equal((await kv.status()).values, 4);
    assert.deepEqual((await all(kvm.list())).map((it) => it.bucket), ["peers"]);
    assert.ok(await kv.destroy());
  },

  async objects(nc, js, jsm) {
    const store = await new Objm(nc).create("things");
    const data = new Uint8Array(randomBytes(300_000));
    const seen = (await store.watch())[Symbol.asyncIterator]();
    const info = await store.putBlob({ name: "one" }, data);
    assert.deepEqual([info.chunks, info.size], [3, data.length]);
    const digest = createHash("sha256").update(data).digest("base64url");
    assert.equal(info.digest.replace(/=*$/, ""), `SHA-256=${digest}`);
    assert.equal((await seen.next()).value.name, "one");
    assert.deepEqual(await store.getBlob("one"), data);
    await store.putBlob({ name: "one" }, new TextEncoder().encode("shorter"));
    await store.putBlob({ name: "two" }, new Uint8Array());
    assert.equal((await store.getBlob("one")).length, 7);
    assert.deepEqual((await store.list()).map((it) => it.name).sort(), ["one", "two"]);
    await store.delete("one");
    assert.equal(await store.getBlob("one"), null);
    assert.equal(await store.getBlob("three"), null);
    assert.equal((await jsm.streams.info("OBJ_things")).state.messages, 2, "what was replaced or deleted is gone");
    assert.ok(await store.destroy());
  },

  async a_restart(nc, js, jsm) {
    await jsm.streams.add({ name: "KEPT", subjects: ["kept"] });
    await jsm.consumers.add("KEPT", { durable_name: "d", ack_policy: AckPolicy.Explicit });
    for (const it of numbers(0, 3)) await js.publish("kept", it);
    await (await (await js.consumers.get("KEPT", "d")).next()).ackAck();
    const other = await open({ reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    const statuses = other.status()[Symbol.asyncIterator]();
    const after = other.subscribe("after");
    await other.flush();
    console.log("restart");
    assert.equal((await input.next()).value, "done");
    while ((await statuses.next()).value.type !== "reconnect");
    other.publish("after", "hello");
    assert.deepEqual(strings(await take(after, 1)), ["hello"]);
    const again = jetstream(other);
    const rest = await (await again.consumers.get("KEPT", "d")).fetch({ max_messages: 2, expires: PATIENCE });
    assert.deepEqual(strings(await all(rest)), ["1", "2"]);
    assert.equal((await again.publish("kept", "3")).seq, 4);
    await other.close();
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const nc = await open({ reconnect: false });
  const late = sleep(4 * PATIENCE, undefined, { ref: false }).then(() => assert.fail("it takes too long"));
  try {
    await Promise.race([check(nc, jetstream(nc, { timeout: PATIENCE }), await jetstreamManager(nc)), late]);
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}`);
    console.error(error);
  }
  await nc.close();
}
console.log(`${Object.keys(checks).length - failed} of ${Object.keys(checks).length} checks passed`);
process.exit(failed ? 1 : 0);
