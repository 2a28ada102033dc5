"""The simulator as the checks see it: a process, its accounts over plain HTTP, and its ledger.

Standard library only, so that it shares no code with the clients under test.
"""

import http.cookiejar
import itertools
import json
import subprocess
import sys
import threading
import urllib.parse
import urllib.error
import urllib.request


class Check:
    """Prints a line for each promise, and ends the program at the first that does not hold."""

    def __init__(self, client):
        self.client = client

    def that(self, promise, held, detail=""):
        if not held:
            print(f"FAILED {self.client}: {promise}: {detail}", flush=True)
            sys.exit(1)
        print(f"ok {self.client}: {promise}", flush=True)


class Account:
    """A person with a browser: acts through the documented requests, with a cookie."""

    def __init__(self, rest, email, password):
        self.rest = rest
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        self.call("POST", "/auth/login", {"username": email, "password": password})
        self.id = self.call("GET", "/auth/session")["_id"]

    def call(self, method, path, form=None):
        body = urllib.parse.urlencode(form or {}, doseq=True).encode() if method != "GET" else None
        request = urllib.request.Request(self.rest + path, data=body, method=method)
        with self.opener.open(request, timeout=30) as answer:
            return json.loads(answer.read())["data"]


class World:
    def __init__(self, antiphon, *options):
        self.process = subprocess.Popen(
            [antiphon, "sim", *options], stdout=subprocess.PIPE, text=True
        )
        self.addresses = json.loads(self.process.stdout.readline())
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.discord = self.addresses["discord"]
        self.lavalink = self.addresses["lavalink"]
        self.queup = self.addresses["queup"]
        self.stackexchange = self.addresses["stackexchange"]
        # Ids of the bot's accounts; a node knows the bot by its id at Discord.
        self.accounts = {
            "discord": self.discord["user_id"],
            "lavalink": self.discord["user_id"],
            "queup": self.queup["user_id"],
            "stackexchange": self.stackexchange["user_id"],
        }

    def person(self, number):
        account = self.queup["accounts"][number]
        return Account(self.queup["rest"], account["email"], account["password"])

    def bot(self):
        return Account(self.queup["rest"], self.queup["email"], self.queup["password"])

    def do(self, **command):
        request = urllib.request.Request(
            self.addresses["control"] + "/do",
            data=json.dumps(command).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"the simulator refuses {command}: {error.read().decode()}") from error

    def chat(self, **command):
        """Sends a command to the simulated Stack Exchange chat; returns its result."""
        return json.loads(self.do(platform="stackexchange", **command))

    def gateway(self, **command):
        """Sends a command to the simulated Discord; returns its result."""
        return json.loads(self.do(platform="discord", **command))

    def node(self, **command):
        """Sends a command to the simulated Lavalink nodes; returns its result."""
        return json.loads(self.do(platform="lavalink", **command))

    def sent_on(self, connection):
        """The rows of a connection, in order, whether due to an account or not."""
        url = f"{self.addresses['control']}/ledger?limit=1000000&connection={connection}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return [json.loads(line) for line in answer.read().splitlines() if line]

    def audit(self, platform, account, events, until=None):
        """The simulator's audit: what became of each event that was due to an account, by the stored events of its source.

        An event has the fields that `antiphon tail --output json` prints, and may have `handled`, how often it was
        handled. `until` is the last row of the ledger that counts.
        """
        query = {"platform": platform, "account": account} | ({} if until is None else {"until": until})
        url = f"{self.addresses['control']}/audit?{urllib.parse.urlencode(query)}"
        lines = (json.dumps(event).encode() + b"\n" for event in events)
        pages = iter(lambda: b"".join(itertools.islice(lines, 500)), b"")
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=pages, method="POST"), timeout=120) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise SystemExit(f"the simulator cannot judge: {error.read().decode()}") from error

    def last(self):
        """The number of the ledger's last row."""
        return self.audit("queup", "", [])["last"]

    def pages(self):
        """The ledger's rows of all accounts, in order, in pages."""
        after = 0
        while True:
            url = f"{self.addresses['control']}/ledger?after={after}"
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    page = [json.loads(line) for line in answer.read().splitlines() if line]
            except urllib.error.HTTPError as error:
                if error.code == 410:
                    raise SystemExit("the simulator's ledger is full and dropped rows: run fewer rounds") from error
                raise
            if not page:
                return
            yield page
            after = page[-1]["n"]

    def ledger(self, account):
        """All rows due to the account, in order."""
        return [row for page in self.pages() for row in page if row["due_to"] == account]

    def notes(self):
        with urllib.request.urlopen(self.addresses["control"] + "/notes", timeout=30) as answer:
            return answer.read().decode()

    def close(self):
        self.process.kill()
        self.process.wait()


def kind_of(action, message):
    """The kind of a frame, from the protocol's documents alone."""
    names = {
        0: "heartbeat", 1: "ack", 2: "nack", 3: "connect", 4: "connected", 5: "disconnect",
        6: "disconnected", 7: "close", 8: "closed", 9: "error", 10: "join_room", 11: "joined_room",
        12: "leave_room", 13: "left_room", 14: "presence_change", 16: "sync", 17: "token",
    }  # fmt: skip
    if action != 15:
        return "queup." + names.get(action, str(action))
    name = message["name"]
    for family in ("user_update_", "user-update-", "comment-update-"):
        if name.startswith(family):
            return "queup." + family[:-1]
    return "queup." + name
