"""What nats-py sees of a NATS server; `../run.py` starts one and tells where it is."""

import asyncio
import base64
import hashlib
import json
import os
import sys
import traceback

import nats
from nats.errors import NoRespondersError, TimeoutError as NatsTimeout
from nats.js import api
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError, ObjectNotFoundError

SERVERS = json.loads(os.environ["PEERS"])
PATIENCE = 30
CHECKS = []


def check(body):
    CHECKS.append(body)
    return body


async def connect(server, **options):
    async def heed(error):
        pass

    return await nats.connect(server["url"], error_cb=heed, **options)


async def take(sub, count):
    return [await sub.next_msg(timeout=PATIENCE) for _ in range(count)]


async def silent(sub):
    await refused(NatsTimeout, sub.next_msg(timeout=0.2))


async def refused(kind, what, code=None):
    try:
        await what
    except kind as error:
        assert code is None or error.err_code == code, error
        return error
    raise AssertionError(f"no {kind.__name__}")


async def answers(nc, subject, body=b"", count=1, headers=None):
    """Asks, and takes several answers."""
    inbox = nc.new_inbox()
    sub = await nc.subscribe(inbox)
    await nc.publish(subject, body, reply=inbox, headers=headers)
    return await take(sub, count)


@check
async def wildcards(nc, js):
    star, rest = await nc.subscribe("w.*"), await nc.subscribe("w.>")
    for subject in ("w.a", "w.a.b", "w", "x.a"):
        await nc.publish(subject, subject.encode())
    assert [it.subject for it in await take(star, 1)] == ["w.a"]
    assert [it.data for it in await take(rest, 2)] == [b"w.a", b"w.a.b"]
    await silent(star)


@check
async def headers(nc, js):
    sub = await nc.subscribe("h")
    await nc.publish("h", b"x" * 1000, headers={"A": "1", "Long": "y" * 500})
    await nc.publish("h", b"", headers={"Empty": ""})
    first, second = await take(sub, 2)
    assert first.headers == {"A": "1", "Long": "y" * 500} and len(first.data) == 1000
    assert second.headers == {"Empty": ""} and second.data == b""


@check
async def queue_groups(nc, js):
    plain = await nc.subscribe("q")
    members = [await nc.subscribe("q", queue="g") for _ in range(3)]
    for _ in range(60):
        await nc.publish("q", b"")
    await take(plain, 60)
    await nc.flush()
    counts = [it.pending_msgs for it in members]
    assert sum(counts) == 60 and all(counts), counts


@check
async def requests(nc, js):
    await refused(NoRespondersError, nc.request("nobody", b"", timeout=PATIENCE))

    async def echo(msg):
        await msg.respond(msg.data)

    for _ in range(3):
        await nc.subscribe("echo", cb=echo)
    replies = await asyncio.gather(*(nc.request("echo", b"%d" % it, timeout=PATIENCE) for it in range(100)))
    assert [it.data for it in replies] == [b"%d" % it for it in range(100)]
    assert len(await answers(nc, "echo", b"all", 3)) == 3


@check
async def limits_of_subscriptions(nc, js):
    sub = await nc.subscribe("l")
    await sub.unsubscribe(limit=2)
    for _ in range(3):
        await nc.publish("l", b"")
    await nc.flush()
    await refused(NoRespondersError, nc.request("l", b"", timeout=PATIENCE))


@check
async def drain(nc, js):
    heard = []

    async def hear(msg):
        await asyncio.sleep(0.001)
        heard.append(msg.data)

    other = await connect(SERVERS["open"])
    await other.subscribe("d", cb=hear)
    await other.flush()
    for _ in range(50):
        await nc.publish("d", b"")
    await nc.flush()
    await other.flush()
    await other.drain()
    assert len(heard) == 50 and other.is_closed


@check
async def errors_of_the_protocol(nc, js):
    await refused(nats.errors.MaxPayloadError, nc.publish("p", b"x" * (nc.max_payload + 1)))
    host, port = SERVERS["open"]["url"].removeprefix("nats://").split(":")
    for said, answer in (
        (b"PUB a %d\r\n" % (nc.max_payload + 1), b"-ERR 'Maximum Payload Violation'"),
        (b"NONSENSE\r\n", b"-ERR 'Unknown Protocol Operation'"),
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b'CONNECT {"verbose":false}\r\n' + said)
        heard = await asyncio.wait_for(reader.read(), PATIENCE)
        assert answer in heard, heard
        writer.close()


@check
async def logins(nc, js):
    by = {name: dict(server) for name, server in SERVERS.items()}
    options = {
        "token": {"token": by["token"]["token"]},
        "user": {"user": by["user"]["user"], "password": by["user"]["password"]},
        "nkey": {"nkeys_seed_str": by["nkey"]["seed"]},
    }
    for name, right in options.items():
        wrong = {"token": "wrong"} if name == "user" else {"user": "u", "password": "wrong"}
        open_one = await connect(by[name], allow_reconnect=False, **right)
        await open_one.flush()
        await open_one.close()
        error = await refused(nats.errors.Error, connect(by[name], allow_reconnect=False, **wrong))
        assert "Authorization" in str(error), error


@check
async def account(nc, js):
    before = await js.account_info()
    await js.add_stream(name="ACCOUNT", subjects=["account"], storage="memory")
    await js.publish("account", b"x" * 100)
    after = await js.account_info()
    assert after.streams == before.streams + 1 and after.memory > before.memory
    assert after.domain == "core"
    assert (await nc.jetstream(domain="core").account_info()).streams == after.streams


@check
async def streams(nc, js):
    config = api.StreamConfig(name="STREAMS", subjects=["s.>"], max_msgs=100, description="one")
    assert (await js.add_stream(config)).config.max_msgs == 100
    assert (await js.add_stream(config)).state.messages == 0
    await refused(APIError, js.add_stream(config.evolve(max_msgs=5)), 10058)
    await refused(APIError, js.add_stream(name="OTHER", subjects=["s.a"]), 10065)
    for it in range(12):
        await js.publish(f"s.{it % 3}", b"%d" % it)
    info = await js.stream_info("STREAMS", subjects_filter="s.>")
    assert info.state.messages == 12 and info.state.subjects == {"s.0": 4, "s.1": 4, "s.2": 4}
    assert await js.find_stream_name_by_subject("s.1") == "STREAMS"
    assert "STREAMS" in [it.config.name for it in await js.streams_info()]
    assert (await js.update_stream(config.evolve(max_msgs=11))).config.max_msgs == 11
    assert (await js.stream_info("STREAMS")).state.first_seq == 2
    await js.purge_stream("STREAMS", subject="s.1")
    await js.purge_stream("STREAMS", keep=2)
    state = (await js.stream_info("STREAMS")).state
    assert (state.messages, state.first_seq, state.last_seq) == (2, 10, 12), state
    await js.purge_stream("STREAMS")
    assert (await js.stream_info("STREAMS")).state.messages == 0
    assert await js.delete_stream("STREAMS")
    await refused(APIError, js.stream_info("STREAMS"), 10059)


@check
async def publishing(nc, js):
    await js.add_stream(name="PUBLISH", subjects=["p.*"], max_msgs_per_subject=3, allow_rollup_hdrs=True)

    async def publish(subject, **headers):
        named = {f"Nats-{name.replace('_', '-')}": value for name, value in headers.items()}
        return await js.publish(subject, b"x", headers=named, timeout=PATIENCE)

    assert not (await publish("p.a", Msg_Id="1")).duplicate
    again = await publish("p.a", Msg_Id="1")
    assert again.duplicate and again.seq == 1
    assert (await publish("p.b", Expected_Last_Sequence="1", Expected_Stream="PUBLISH")).seq == 2
    await refused(APIError, publish("p.a", Expected_Last_Sequence="1"), 10071)
    await refused(APIError, publish("p.a", Expected_Stream="X"), 10060)
    await refused(APIError, publish("p.a", Expected_Last_Subject_Sequence="9"), 10071)
    await refused(APIError, publish("p.a", Expected_Last_Msg_Id="x"), 10070)
    await refused(APIError, publish("p.a", TTL="1s"), 10166)
    assert (await publish("p.a", Expected_Last_Subject_Sequence="1")).seq == 3
    for _ in range(4):
        await publish("p.b")
    assert (await js.stream_info("PUBLISH", subjects_filter="p.b")).state.subjects == {"p.b": 3}
    await publish("p.b", Rollup="sub")
    assert (await js.stream_info("PUBLISH")).state.messages == 3
    await publish("p.b", Rollup="all")
    assert (await js.stream_info("PUBLISH")).state.messages == 1
    await js.add_stream(name="NEW", subjects=["new"], max_msgs=1, discard="new", max_msg_size=10)
    await js.publish("new", b"1")
    await refused(APIError, js.publish("new", b"2"), 10077)
    await refused(APIError, js.publish("new", b"x" * 11), 10054)


@check
async def stored_messages(nc, js):
    await js.add_stream(name="GET", subjects=["g.*"], allow_direct=True)
    for it in range(6):
        await js.publish(f"g.{it % 2}", b"%d" % it, headers={"N": str(it)})
    for direct in (False, True):
        assert (await js.get_msg("GET", 3, direct=direct)).data == b"2"
        last = await js.get_last_msg("GET", "g.0", direct=direct)
        assert (last.seq, last.subject, last.data, last.headers["N"]) == (5, "g.0", b"4", "4")
        following = await js.get_msg("GET", 2, subject="g.0", direct=direct, next=True)
        assert following.seq == 3
        await refused(APIError, js.get_msg("GET", 99, direct=direct))
    assert await js.delete_msg("GET", 3)
    await refused(APIError, js.get_msg("GET", 3), 10037)
    info = await js.stream_info("GET")
    assert info.state.messages == 5 and info.state.num_deleted == 1


@check
async def pulling(nc, js):
    await js.add_stream(name="PULL", subjects=["pull.*"])
    for it in range(10):
        await js.publish(f"pull.{it % 2}", b"%d" % it)
    durable = await js.pull_subscribe("pull.*", "dur", stream="PULL")
    for msg in await durable.fetch(4, timeout=PATIENCE):
        await msg.ack_sync(timeout=PATIENCE)
    info = await durable.consumer_info()
    assert (info.num_pending, info.num_ack_pending, info.ack_floor.stream_seq) == (6, 0, 4)
    rest = await durable.fetch(100, timeout=3)
    assert [it.data for it in rest] == [b"%d" % it for it in range(4, 10)]
    for msg in rest:
        await msg.ack()
    await refused(NatsTimeout, durable.fetch(1, timeout=0.3))
    waiting = asyncio.create_task(durable.fetch(1, timeout=PATIENCE, heartbeat=1))
    await asyncio.sleep(1.5)
    await js.publish("pull.0", b"late")
    assert [it.data for it in await waiting] == [b"late"]
    config = api.ConsumerConfig(filter_subject="pull.none", inactive_threshold=30)
    name = (await js.add_consumer("PULL", config)).name
    for body, status in ((b'{"batch":1,"no_wait":true}', "404"), (b'{"batch":1,"expires":100000000}', "408")):
        [answer] = await answers(nc, f"$JS.API.CONSUMER.MSG.NEXT.PULL.{name}", body)
        assert answer.headers["Status"] == status, answer.headers
    body = b'{"batch":1,"expires":2000000000,"idle_heartbeat":100000000}'
    beats = await answers(nc, f"$JS.API.CONSUMER.MSG.NEXT.PULL.{name}", body, 2)
    assert [it.headers["Status"] for it in beats] == ["100", "100"]
    assert {it.name for it in await js.consumers_info("PULL")} == {"dur", name}
    assert await js.delete_consumer("PULL", name)
    await refused(APIError, js.consumer_info("PULL", name), 10014)


@check
async def acknowledging(nc, js):
    await js.add_stream(name="ACK", subjects=["ack"])
    for it in range(3):
        await js.publish("ack", b"%d" % it)
    config = api.ConsumerConfig(ack_wait=3, max_deliver=3, max_ack_pending=10)
    sub = await js.pull_subscribe("ack", "a", stream="ACK", config=config)
    first, second, third = await sub.fetch(3, timeout=PATIENCE)
    await first.nak()
    await second.term()
    await third.nak(delay=0.3)
    [first] = await sub.fetch(1, timeout=PATIENCE)
    [third] = await sub.fetch(1, timeout=PATIENCE)
    assert (first.data, first.metadata.num_delivered) == (b"0", 2)
    assert (third.data, third.metadata.num_delivered) == (b"2", 2)
    await third.ack_sync(timeout=PATIENCE)
    for _ in range(4):
        await asyncio.sleep(1)
        await first.in_progress()
    assert (await sub.consumer_info()).num_redelivered == 1
    [first] = await sub.fetch(1, timeout=PATIENCE)
    assert (first.data, first.metadata.num_delivered) == (b"0", 3)
    await refused(NatsTimeout, sub.fetch(1, timeout=4))


@check
async def pushing(nc, js):
    await js.add_stream(name="PUSH", subjects=["push.*"], storage="memory")
    for it in range(500):
        await js.publish(f"push.{it % 2}", b"x" * 200, headers={"N": str(it)})
    ordered = await js.subscribe("push.*", ordered_consumer=True)
    assert [it.headers["N"] for it in await take(ordered, 500)] == [str(it) for it in range(500)]
    options = {"config": api.ConsumerConfig(idle_heartbeat=1), "flow_control": True}
    flowing = await js.subscribe("push.0", idle_heartbeat=1, **options)
    assert len(await take(flowing, 250)) == 250
    short = await js.subscribe("push.1", headers_only=True, deliver_policy=api.DeliverPolicy.LAST)
    [last] = await take(short, 1)
    assert last.data == b"" and last.headers["Nats-Msg-Size"] == "200" and last.metadata.num_pending == 0
    heard = asyncio.Queue()

    async def work(msg):
        await msg.ack()
        await heard.put(msg.metadata.sequence.stream)

    for _ in range(2):
        await js.subscribe("push.1", queue="workers", cb=work, manual_ack=True)
    numbers = [await asyncio.wait_for(heard.get(), PATIENCE) for _ in range(250)]
    assert sorted(numbers) == list(range(2, 501, 2))


@check
async def key_values(nc, js):
    kv = await js.create_key_value(bucket="peers", history=3)
    assert await kv.create("a", b"1") == 1
    await refused(KeyWrongLastSequenceError, kv.create("a", b"2"))
    assert await kv.update("a", b"2", last=1) == 2
    await refused(KeyWrongLastSequenceError, kv.update("a", b"3", last=1))
    for it in range(3, 6):
        assert await kv.put("a", b"%d" % it) == it
    entry = await kv.get("a")
    assert (entry.value, entry.revision) == (b"5", 5)
    assert (await kv.get("a", revision=4)).value == b"4"
    assert [it.value for it in await kv.history("a")] == [b"3", b"4", b"5"]
    await kv.put("b.c", b"6")
    assert sorted(await kv.keys()) == ["a", "b.c"]
    watch = await kv.watchall()
    seen = [await watch.updates(timeout=PATIENCE) for _ in range(3)]
    assert [it and it.key for it in seen] == ["a", "b.c", None]
    await kv.delete("a")
    await kv.purge("b.c")
    seen = [await watch.updates(timeout=PATIENCE) for _ in range(2)]
    assert [(it.key, it.operation) for it in seen] == [("a", "DEL"), ("b.c", "PURGE")]
    await refused(KeyNotFoundError, kv.get("a"))
    await refused(KeyNotFoundError, kv.get("never"))
    assert len(await kv.history("b.c")) == 1
    assert await kv.create("a", b"again") == 9
    assert (await kv.status()).values == 4
    assert await js.delete_key_value("peers")


@check
async def objects(nc, js):
    store = await js.create_object_store("things")
    data = os.urandom(300_000)
    watch = await store.watch()
    assert await watch.updates(timeout=PATIENCE) is None
    info = await store.put("one", data)
    assert info.chunks == 3 and info.size == len(data)
    assert hashlib.sha256(data).digest() == base64.urlsafe_b64decode(info.digest.removeprefix("SHA-256="))
    assert (await watch.updates(timeout=PATIENCE)).name == "one"
    assert (await store.get("one")).data == data
    await store.put("one", b"shorter")
    await store.put("two", b"")
    assert (await store.get("one")).data == b"shorter" and not (await store.get("two")).data
    assert sorted(it.name for it in await store.list()) == ["one", "two"]
    await store.delete("one")
    await refused(ObjectNotFoundError, store.get("one"))
    await refused(ObjectNotFoundError, store.get("three"))
    assert [it.name for it in await store.list(ignore_deletes=True)] == ["two"]
    # What was replaced or deleted is gone: there are the two descriptions.
    assert (await js.stream_info("OBJ_things")).state.messages == 2
    assert await js.delete_object_store("things")


@check
async def a_restart(nc, js):
    await js.add_stream(name="KEPT", subjects=["kept"])
    durable = await js.pull_subscribe("kept", "d", stream="KEPT")
    for it in range(3):
        await js.publish("kept", b"%d" % it)
    await (await durable.fetch(1, timeout=PATIENCE))[0].ack_sync(timeout=PATIENCE)
    back = asyncio.Event()

    async def reconnected():
        back.set()

    options = {"reconnected_cb": reconnected, "reconnect_time_wait": 0.1, "max_reconnect_attempts": -1}
    other = await connect(SERVERS["open"], **options)
    sub = await other.subscribe("after")
    await other.flush()
    print("restart", flush=True)
    assert await asyncio.to_thread(sys.stdin.readline) == "done\n"
    await asyncio.wait_for(back.wait(), PATIENCE)
    await other.flush()
    await other.publish("after", b"hello")
    assert (await take(sub, 1))[0].data == b"hello"
    js = other.jetstream(timeout=PATIENCE)
    durable = await js.pull_subscribe("kept", "d", stream="KEPT")
    assert [it.data for it in await durable.fetch(2, timeout=PATIENCE)] == [b"1", b"2"]
    assert (await js.publish("kept", b"3")).seq == 4
    await other.close()


async def main():
    failed = 0
    for body in CHECKS:
        nc = await connect(SERVERS["open"], max_reconnect_attempts=0)
        try:
            await asyncio.wait_for(body(nc, nc.jetstream(timeout=PATIENCE)), 4 * PATIENCE)
            print(f"ok {body.__name__}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED {body.__name__}", flush=True)
            traceback.print_exception(error)
        await nc.close()
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main()) else 0)
