"""What users of Toxiproxy's Python client do with it, against `squall proxy`.

usage: toxiproxy_flows.py API_HOST API_PORT ECHO_PORT; exits 1 with what went wrong.
"""
import json
import socket
import sys
import time

import toxiproxy
import toxiproxy.exceptions as wrong

server = toxiproxy.Toxiproxy()
server.update_api_consumer(sys.argv[1], int(sys.argv[2]))
UPSTREAM = "127.0.0.1:" + sys.argv[3]


def echo(proxy):
    """Seconds until an echo is back; raises when the connection does not carry it."""
    host, port = proxy.listen.split(":")
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"hello\n")
        if connection.recv(100) != b"hello\n":
            raise ConnectionError("closed")
    return time.monotonic() - began


def raises(kinds, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kinds:
        return
    raise AssertionError(f"{call} did not fail")


def it_runs_and_has_a_version():
    assert server.running()
    assert json.loads(server.version())["version"].startswith("2.")


def a_proxy_is_made_found_and_destroyed():
    proxy = server.create(upstream=UPSTREAM, name="one")
    echo(proxy)
    assert server.get_proxy("one").listen == proxy.listen
    assert list(server.proxies()) == ["one"]
    assert server.destroy(proxy)
    assert server.get_proxy("one") is None
    raises(ConnectionError, echo, proxy)
    off = server.create(upstream=UPSTREAM, name="off", enabled=False)
    raises(ConnectionError, echo, off)


def down_is_down_and_up_again_on_the_same_port():
    proxy = server.create(upstream=UPSTREAM, name="one")
    with proxy.down():
        raises(ConnectionError, echo, proxy)
    echo(proxy)


def toxics_work_while_they_are_there():
    proxy = server.create(upstream=UPSTREAM, name="one")
    proxy.add_toxic(type="latency", attributes={"latency": 300, "jitter": 0})
    toxic = proxy.get_toxic("latency_downstream")
    assert (toxic.type, toxic.stream, toxic.toxicity) == ("latency", "downstream", 1.0)
    assert toxic.attributes == {"latency": 300, "jitter": 0}
    assert echo(proxy) >= 0.3
    proxy.destroy_toxic("latency_downstream")
    assert proxy.toxics() == {}
    assert echo(proxy) < 0.3


def every_type_of_toxic_is_taken():
    proxy = server.create(upstream=UPSTREAM, name="one")
    types = {"latency": {"latency": 1, "jitter": 0}, "bandwidth": {"rate": 1000}, "slow_close": {"delay": 1},
             "timeout": {"timeout": 1000}, "reset_peer": {"timeout": 1000}, "limit_data": {"bytes": 1000000},
             "slicer": {"average_size": 10, "size_variation": 5, "delay": 10}}
    for kind, attributes in types.items():
        proxy.add_toxic(type=kind, name=kind, stream="upstream", toxicity=0.5, attributes=attributes)
    assert {name: toxic.attributes for name, toxic in proxy.toxics().items()} == types


def populate_makes_what_is_missing_and_reset_heals_all():
    proxies = server.populate([{"name": "one", "upstream": UPSTREAM, "listen": "127.0.0.1:0"},
                               {"name": "two", "upstream": UPSTREAM, "listen": "127.0.0.1:0"}])
    assert [proxy.name for proxy in proxies] == ["one", "two"]
    one, two = proxies
    one.add_toxic(type="timeout", attributes={"timeout": 50})
    two.disable()
    raises(ConnectionError, echo, one)
    raises(ConnectionError, echo, two)
    assert server.reset()
    assert one.toxics() == {}
    echo(one)
    echo(two)


def mistakes_have_their_exceptions():
    proxy = server.create(upstream=UPSTREAM, name="one")
    raises(wrong.ProxyExists, server.create, upstream=UPSTREAM, name="one")
    raises(wrong.InvalidToxic, proxy.add_toxic, type="none")
    raises(wrong.InvalidToxic, proxy.add_toxic, type="latency", stream="sideways")
    raises(wrong.NotFound, proxy.destroy_toxic, "none")
    proxy.add_toxic(type="latency", name="a", attributes={"latency": 1, "jitter": 0})
    raises(wrong.ProxyExists, proxy.add_toxic, type="latency", name="a")
    server.destroy(proxy)
    raises(wrong.NotFound, proxy.destroy)


for flow in (it_runs_and_has_a_version, a_proxy_is_made_found_and_destroyed,
             down_is_down_and_up_again_on_the_same_port, toxics_work_while_they_are_there,
             every_type_of_toxic_is_taken, populate_makes_what_is_missing_and_reset_heals_all,
             mistakes_have_their_exceptions):
    flow()
    server.destroy_all()
    print("ok:", flow.__name__)
