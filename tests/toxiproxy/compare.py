#!/usr/bin/env python3
"""Plays the requests of exchanges.json to a server that speaks Toxiproxy's API and compares what it answers.

The recorded answers are those of the real Toxiproxy, but for two things that are not compared: the port that
the kernel chose, and the field "Logger" (always {}), which a Go struct shows by accident.

  compare.py URL            compare; exits 1 if there is a difference
  compare.py URL --ours     the same, with the answers that Squall gives on purpose ("squall" in the file)
  compare.py URL --record   write what it answers into exchanges.json
"""
import http.client
import json
import pathlib
import re
import sys
import urllib.parse

FILE = pathlib.Path(__file__).parent / "exchanges.json"


class Player:
    def __init__(self, url):
        self.at = urllib.parse.urlsplit(url)
        self.listens = {}

    def send(self, method, path, body, headers):
        connection = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=10)
        data = None if body is None else body.encode("utf-8")
        connection.request(method, path, body=data, headers={"User-Agent": "compare", **headers})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return {"status": answer.status, "content_type": answer.getheader("Content-Type", ""), "body": text}

    def forget_all(self):
        self.listens = {}
        for name in json.loads(self.send("GET", "/proxies", None, {})["body"]):
            self.send("DELETE", "/proxies/" + urllib.parse.quote(name), None, {})

    def play(self, exchange):
        body = exchange.get("body")
        for name, listen in self.listens.items():
            if body is not None:
                body = body.replace("${%s}" % name, listen)
        answer = self.send(exchange["method"], exchange["path"], body, exchange.get("headers", {}))
        text = answer["body"].replace('"Logger":{},', "")
        for name, listen in re.findall(r'"name":"(\w+)","listen":"([^"]+)"', text):
            self.listens.setdefault(name, listen)
        for name, listen in self.listens.items():
            text = text.replace(listen, "${%s}" % name)
        text = re.sub(r"127\.0\.0\.1:[1-9]\d{3,4}", "127.0.0.1:PORT", text)
        return {**answer, "body": re.sub(r"\[::\]:[1-9]\d{3,4}", "[::]:PORT", text)}


def main():
    url, *flags = sys.argv[1:]
    scenarios = json.loads(FILE.read_text())
    player = Player(url)
    different = count = 0
    for scenario in scenarios:
        player.forget_all()
        for exchange in scenario["exchanges"]:
            got = player.play(exchange)
            count += 1
            if "--record" in flags:
                exchange["answer"] = got
                continue
            want = exchange["answer"]
            if "--ours" in flags and "squall" in exchange:
                want = {**want, **{key: value for key, value in exchange["squall"].items() if key != "because"}}
            if got != want:
                different += 1
                print(f"{scenario['scenario']}: {exchange['method']} {exchange['path']} {exchange.get('body', '')!r}")
                print(f"  recorded {want}\n  answered {got}")
    if "--record" in flags:
        FILE.write_text(json.dumps(scenarios, indent=1, ensure_ascii=True) + "\n")
    player.forget_all()
    print(f"{count} exchanges, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
