"""The generated part of docs/performance.md, from the figures that `run` took."""

import re
import statistics

BEGIN, END = "<!-- figures: benches/peers/run -->", "<!-- end of figures -->"
MISSING = "not measured"


def runs(section, *path):
    """The rounds of one way, or nothing."""
    found = section
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []


def middle(section, *path_and_key):
    *path, key = path_and_key
    values = [figures[key] for figures in runs(section, *path) if figures.get(key) is not None]
    return statistics.median(values) if values else None


def ratio(section, path, against, key):
    """The median of the ratios of runs that stood side by side."""
    pairs = zip(runs(section, *path), runs(section, *against))
    values = [ours[key] / theirs[key] for ours, theirs in pairs if ours.get(key) and theirs.get(key)]
    return statistics.median(values) if values else None


def show(value, digits=2):
    return MISSING if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


class Page:
    def __init__(self, results):
        self.results = results
        self.lines = []

    def figures(self, name):
        return self.results.get(name, {}).get("figures", {})

    def say(self, *lines):
        self.lines += lines

    def how(self, name):
        """How the figures of a section were taken."""
        taken = self.results.get(name)
        if taken is None:
            self.say(f"This table was not measured (`benches/peers/run --only {name}`).", "")
            return False
        quick = " **by `--quick`: few events, so that these figures show that it works and nothing else**" if taken["quick"] else ""
        rounds = "1 round" if taken["rounds"] == 1 else f"{taken['rounds']} rounds"
        load = " to ".join(f"{value:.1f}" for value in taken["load"])
        self.say(f"Measured on {taken['date']} at commit {taken['versions']['commit']}, {rounds}, load {load}{quick}.", "")
        return True

    def targets(self):
        discord, rates, journal = self.figures("discord"), self.figures("rates"), self.figures("journal")
        typed, wanted = discord.get("typed plain", {}), discord.get("wanted plain", {})
        places, daemon, rooms = self.figures("places"), self.figures("daemon"), self.figures("rooms")

        before = self.results.get("daemon", self.results.get("rooms", {})).get("before", "an older build")
        room = rooms.get("now"), rooms.get("before")
        rooms_ratio = room[0]["room"] / room[1]["room"] if all(isinstance(one, dict) for one in room) else None
        disk = middle(journal, "disk", "packed", "disk")
        bodies = middle(journal, "disk", "packed", "bodies")

        def side(section, name, key):
            return ratio(section, [name], ["twilight"], key)

        def over(section, path, against):
            return ratio(section, path, against, "cpu")

        # Section, what, against, before, must, moonshot, measured.
        rows = [
            ("discord", "typed, SQLite: CPU per event", "twilight without a journal", 3.0, 1.8, 1.2, side(typed, "antiphon, process", "cpu")),
            ("discord", "typed, SQLite: events/s", "twilight", 0.50, 0.9, 1.2, side(typed, "antiphon, process", "rate")),
            ("discord", "typed, memory journal: CPU per event", "twilight", 2.5, 1.3, 1.0, side(typed, "antiphon, memory", "cpu")),
            ("discord", "1 % wanted, SQLite: CPU per event", "twilight, MESSAGE_CREATE only", 2.8, 1.5, 1.0, side(wanted, "antiphon, process", "cpu")),
            ("discord", "1 % wanted, memory journal: events/s", "twilight, MESSAGE_CREATE only", 0.56, 1.2, 2, side(wanted, "antiphon, memory", "rate")),
            ("daemon", "daemon at 200 events/s: CPU per event", before, 1, 0.4, 0.25, over(daemon, ["200", "now"], ["200", "before"])),
            ("rates", "p99 at 5,000 events/s, SQLite", "twilight", 5, 2.5, 1.3, side(rates.get("5000", {}), "antiphon, process", "p99")),
            ("journal", "append with checkpoints, batches of 256: CPU per event", "bare SQLite, row by row", 1.20, 0.9, 0.7, over(journal, ["append 256", "ours"], ["append 256", "bare"])),
            ("journal", "`Journal::read`: CPU per event", "bare SQLite", 2.5, 1.5, 1.2, over(journal, ["read", "ours"], ["read", "bare"])),
            ("journal", "bytes on disk per body byte, varied corpus, `compress = true`", "–", 1.26, 0.5, 0.3, disk / bodies if disk else None),
            ("places", "live CPU per event at 1,000 places", "at 16 places", 1.8, 1.2, 1.05, over(places, ["process", "1000"], ["process", "16"])),
            ("places", "live CPU per event at 100,000 places", "at 16 places", 2.0, 1.2, 1.05, over(places, ["process", "100000"], ["process", "16"])),
            ("rooms", "idle QueUp room: resident bytes", before, 1, 0.1, 0.04, rooms_ratio),
            *(
                ("discord" if platform == "Discord" else "platforms", f"{platform}, end to end, SQLite: events/s", f"{reference} (Python)",
                 None, 15, 30, self.python(platform, reference))
                for platform, reference in PYTHON
            ),
        ]  # fmt: skip

        def reached(must, moonshot, value):
            if value is None:
                return "–"
            better = (lambda bound: value <= bound) if moonshot < must else (lambda bound: value >= bound)
            return "moonshot" if better(moonshot) else "must" if better(must) else "no"

        def mark(section, value):
            is_quick = value is not None and self.results[section]["quick"]
            return f"{show(value)} †" if is_quick else f"**{show(value)}**"

        self.say("### The targets", "", "*Before* is what an earlier measurement found at commit 8725f4c. Below 1 is better where the target is.")
        if any(taken["quick"] for taken in self.results.values()):
            self.say("† by `--quick`: few events, which show that the bench works and nothing else.")
        self.say("", *table(
            ["what", "against", "before", "measured", "must", "moonshot", "reached"],
            [(what, against, show(before), mark(section, value), f"{must:g}", f"{moonshot:g}", reached(must, moonshot, value))
             for section, what, against, before, must, moonshot, value in rows],
        ))  # fmt: skip

    def profile(self):
        self.say("### Where the time goes", "", "Shares of the processor's time by sampling (`perf record -e cpu-clock`) over whole processes, start and end included, in percent.", "")
        if not self.how("profile"):
            return
        taken = self.figures("profile")
        if "missing" in taken:
            self.say(f"Not measured: {taken['missing']}.", "")
            return
        ways = {name: way for name, way in taken.items() if isinstance(way, dict)}
        groups = sorted({group for way in ways.values() for group in way["groups"]},
                        key=lambda group: -max(way["groups"].get(group, 0.0) for way in ways.values()))  # fmt: skip
        rows = [(group, *(show(way["groups"].get(group, 0.0), 1) for way in ways.values())) for group in groups]
        self.say(*table(["where", *ways], rows))
        self.say("The functions that take most, each by itself:", "")
        for name, way in taken.items():
            if isinstance(way, dict):
                functions = ", ".join(f"`{plain(function)}` {share:.1f}" for function, share in way["functions"])
                self.say(f"- {name}: {functions}.")
            else:
                self.say(f"- {name}: did not run: {way}.")
        self.say("", "What reaching a target that is missed would cost:", "", *COSTS, "")

    def python(self, platform, reference):
        if platform == "Discord":
            typed = self.figures("discord").get("typed plain", {})
            return ratio(typed, ["antiphon, process"], [reference], "rate")
        platforms = self.figures("platforms").get(platform.lower().replace(" ", ""), {})
        return ratio(platforms, ["antiphon, process"], [reference], "rate")

    def clients(self, ways, against="twilight"):
        rows = []
        for name, taken in ways.items():
            if isinstance(taken, str):
                rows.append((name, f"did not run: {taken}", *[""] * 6))
                continue
            rows.append((
                name, show(middle(ways, name, "rate"), 0), show(middle(ways, name, "cpu")), show(middle(ways, name, "user")),
                show(middle(ways, name, "system")), f"{show((middle(ways, name, 'rss') or 0) / 1e6, 0)} MB",
                show(ratio(ways, [name], [against], "rate")), show(ratio(ways, [name], [against], "cpu")),
            ))  # fmt: skip
        head = ["client", "events/s", "µs CPU/event", "user", "system", "peak RSS", f"events/s ÷ {against}", f"CPU ÷ {against}"]
        return table(head, rows)

    def discord(self):
        self.say("### Discord, from the socket to a handler", "")
        self.say(
            "A server sends a prepared stream of WebSocket frames over loopback as fast as it is read (`gateway.rs`).",
            "Each client is a process of its own; CPU is `getrusage` from the first to the last handled event.",
            "*Bare* is a socket of tokio-websockets and an envelope that serde reads. twilight has no journal and no cache.",
            "", "Corpus: 6,000 frames, seed 7, MESSAGE_CREATE, PRESENCE_UPDATE, TYPING_START and VOICE_STATE_UPDATE as 7 : 3 : 2 : 1.", "",
        )  # fmt: skip
        if not self.how("discord"):
            return
        titles = {
            "typed plain": "All typed: four typed handlers, plain JSON", "typed zlib": "All typed, zlib-stream",
            "typed zstd": "All typed, zstd-stream",
            "wanted plain": "1 % wanted: one handler with `.when`; twilight is asked for MESSAGE_CREATE only",
        }  # fmt: skip
        for key, title in titles.items():
            self.say(f"{title}:", "", *self.clients(self.figures("discord").get(key, {})))

    def rates(self):
        self.say("### Latency at fixed rates", "")
        self.say("The server writes each frame when it is due, with the monotonic clock in a message's content; the handler reads the same clock.",
                 "Messages only, in µs, without the first tenth.", "")  # fmt: skip
        if not self.how("rates"):
            return
        for rate, ways in self.figures("rates").items():
            rows = []
            for name, taken in ways.items():
                if isinstance(taken, str):
                    rows.append((name, f"did not run: {taken}", "", "", "", ""))
                    continue
                micros = [show((middle(ways, name, key) or 0) / 1e3, 0) for key in ("p50", "p99", "p999")]
                rows.append((name, *micros, show(ratio(ways, [name], ["twilight"], "p99")), show(middle(ways, name, "cpu"), 0)))
            self.say(f"{int(rate):,} events a second:", "", *table(["client", "p50", "p99", "p99.9", "p99 ÷ twilight", "µs CPU/event"], rows))

    def apart(self):
        self.say("### Handlers in another process", "")
        self.say("5,000 events a second over the socket of a process that appends, to typed handlers of another one on the same machine "
                 "([scale-out.md](scale-out.md)); times as above. CPU is that of the process with the handlers alone.", "")  # fmt: skip
        if not self.how("apart"):
            return
        figures = self.figures("apart")
        ways, rows = figures["ways"], []
        for name, taken in ways.items():
            if isinstance(taken, str):
                rows.append((name, f"did not run: {taken}", "", "", "", ""))
                continue
            micros = [show((middle(ways, name, key) or 0) / 1e3, 0) for key in ("p50", "p99", "p999")]
            rows.append((name, *micros, show(ratio(ways, [name], ["one process, SQLite"], "p99")), show(middle(ways, name, "cpu"), 0)))
        self.say(*table(["processes and journal", "p50", "p99", "p99.9", "p99 ÷ one process", "µs CPU/event"], rows))
        self.say(f"JetStream: {figures['nats']}, one server.", "")

    def instructions(self):
        self.say("### Instructions", "", "callgrind over the whole process: a long run less a short one, divided by the events between.", "")
        if not self.how("instructions"):
            return
        counted = self.figures("instructions")
        if "missing" in counted:
            self.say(f"Not measured: {counted['missing']}.", "")
            return
        rows = []
        for name, value in counted.items():
            peer = counted.get(f"twilight {name.rsplit(' ', 1)[1]}")
            if isinstance(value, str):
                rows.append((name, f"did not run: {value}", ""))
            else:
                rows.append((name, show(value, 0), show(value / peer) if isinstance(peer, float) else MISSING))
        self.say(*table(["client and workload", "instructions/event", "÷ twilight"], rows))

    def journal(self):
        self.say("### The journal beside bare SQLite", "")
        self.say("Bare SQLite has the table, unique index and pragmas of the journal's version 1, and stores the same rows one by one without checkpoints; the journal stores a checkpoint with every event.", "")
        if not self.how("journal"):
            return
        figures = self.figures("journal")
        rows = [(name, show(middle(ways, "ours", "cpu")), show(middle(ways, "bare", "cpu")), show(ratio(ways, ["ours"], ["bare"], "cpu")),
                 show(ratio(ways, ["ours"], ["bare"], "rate")))
                for name, ways in figures.items() if not name.startswith("disk")]  # fmt: skip
        self.say(*table(["what, events in a batch", "antiphon, µs CPU/event", "bare", "CPU ÷ bare", "events/s ÷ bare"], rows))
        rows = []
        for name, title in (("disk", "varied corpus"), ("disk repeated", "the repeated corpus")):
            for whose, label in (("ours", "antiphon"), ("packed", "antiphon, `compress = true`"), ("bare", "bare SQLite")):
                disk, bodies = middle(figures, name, whose, "disk"), middle(figures, name, whose, "bodies")
                rows.append((f"{label}, {title}", show(disk / bodies) if disk else MISSING))
        self.say(*table(["file", "bytes on disk per body byte"], rows))

    def places(self):
        self.say("### Many places", "", "A source of QueUp chat messages of 300 bytes through intake, committer, journal and lanes to one typed handler; µs of CPU per event.", "")
        if not self.how("places"):
            return
        figures = self.figures("places")
        rows = [(f"{int(count):,}", *(show(middle(figures, kept, count, "cpu")) for kept in ("memory", "process")),
                 show(ratio(figures, ["process", count], ["process", "16"], "cpu")))
                for count in figures.get("process", {})]  # fmt: skip
        self.say(*table(["places", "memory journal", "SQLite", "SQLite ÷ 16 places"], rows))

    def daemon(self):
        self.say("### The daemon", "", "`antiphon run` without handlers and with SQLite, while a server sends at a fixed rate; CPU of all its threads.", "")
        if self.how("daemon"):
            rows = []
            for rate, ways in self.figures("daemon").items():
                rows += [(f"{int(rate):,}", name, show(middle(ways, name, "cpu"), 1), f"{show((middle(ways, name, 'rss') or 0) / 1e6, 0)} MB",
                          show(ratio(ways, [name], ["before"], "cpu"))) for name in ways]  # fmt: skip
            self.say(*table(["events/s", "build", "µs CPU/event", "RSS", "÷ before"], rows))
        self.say("Idle QueUp rooms: resident size with one room and with many, in a simulator without traffic.", "")
        if self.how("rooms"):
            rooms = self.figures("rooms")
            rows = [(name, f"{taken['few'] / 1e6:,.1f} MB", f"{taken['many'] / 1e6:,.1f} MB", f"{taken['room'] / 1e3:,.1f} kB")
                    if isinstance(taken, dict) else (name, str(taken), "", "")
                    for name, taken in rooms.items() if name != "rooms"]  # fmt: skip
            self.say(*table(["build", "1 room", f"{rooms['rooms']:,} rooms", "a room"], rows))

    def platforms(self):
        self.say("### QueUp, Stack Exchange chat and Lavalink", "")
        self.say("Clients log in and join at the simulator, through a relay that then sends a prepared stream over the same socket (`relay.rs`), so that the simulator is not the limit.",
                 "Python takes a tenth of the events.", "")  # fmt: skip
        if not self.how("platforms"):
            return
        titles = {"queup": ("QueUp: chat messages and dubs as 3 : 1", "backtracked"),
                  "stackexchange": ("Stack Exchange chat: messages, edits and stars as 8 : 1 : 1, one in a frame", "sechat"),
                  "lavalink": ("Lavalink: a node with forty players, mostly `playerUpdate`", "revvlink")}  # fmt: skip
        for platform, (title, reference) in titles.items():
            self.say(f"{title}:", "", *self.clients(self.figures("platforms").get(platform, {}), reference))

    def growth(self):
        self.say("### Growth", "", "µs of CPU per event at 1, 10 and 100 times the size: a workload that grows with its size and no faster keeps its figure or lowers it.", "")
        if not self.how("growth"):
            return
        figures = self.figures("growth")
        sizes = figures["sizes"]
        rows = []
        for name, values in figures.items():
            if isinstance(values, str):
                rows.append((name, f"did not run: {values}", "", "", ""))
            elif name != "sizes":
                rows.append((name, *map(show, values), show(values[-1] / values[-2]) if values[-2] else MISSING))
        self.say(*table(["workload", *(f"{size:,} events" for size in sizes), "the last ÷ the one before"], rows))

    def machine(self):
        last = next(reversed(self.results.values()), None)
        if last is None:
            return
        machine, versions = last["machine"], dict(last["versions"])
        versions.pop("commit")
        self.say(
            f"Machine: {machine['cores']} cores of {machine['processor']}, {machine['memory']} GiB, Linux {machine['kernel']}.",
            "Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
            "Profile: Cargo's own `release` for everybody; the daemon has the one of this workspace.",
            "The load beside each table is that of the machine when it began and ended; the bench itself is about 2 of it. With more, only ratios are worth reading.",
            "",
        )  # fmt: skip


def plain(function):
    """A function's name without its type parameters, short enough for a line."""
    while (short := re.sub(r"(?<=[\w:])<[^<>]*>", "", function)) != function:
        function = short
    function = re.sub(r"<(\S+) as [^<>]*>", r"\1", function)
    return function.replace("`", "").replace("|", "/").strip(":")[-60:]


# By hand: these sentences say what the tables cannot.
COSTS = [
    "- **CPU and events a second with SQLite.** Each body is written three times: into SQLite's page, into the log, and from the log into the file; each page is a call for its header and one for itself. Less is possible only with a log of our own, whose segments are the file, and an index beside it: a new format, its recovery and its tools.",
    "- **The memory journal.** It keeps what it stores: the pages for 135 MB are a tenth of its time, and origins are hashed by the standard library's SipHash, which takes 7 % more.",
    "- **1 % wanted.** A message is looked at twice, once for the envelope and once for the view of the filter; one pass for both needs filters that say beforehand which fields they read.",
    "- **p99 at 5,000 a second.** A commit costs 0.1 to 0.2 ms and events wait a millisecond for company. Storing each at once would take a whole core, and the last step of moving the log, two syncs of the disk each 64 MiB, would still stand in the way of one event in a hundred.",
    "- **The daemon at 200 a second.** Half of it is waking (runtime, and the kernel's waking and switching): one for each read, and those of a commit, which four events share. The bare socket takes 66 µs an event at this rate, and twilight 115, without storing anything. A longer `App::group_commit` shares more, and loses more of the newest events when the machine stops.",
    "- **100,000 places.** Each place has two events, far apart, so that every event makes a lane and leaves it; fewer steps need lanes that outlive their work, and memory for them.",
    "- **An idle QueUp room** keeps its people, its queue and its last messages for handlers (`queup::Cache`), beside the session's own state; what of it takes how much was not profiled. Less needs a cache that is asked for.",
    "- **`Journal::read`.** Each row becomes an event that lives by itself: an allocation for origin, body and event, and twelve columns that are asked for one by one, where bare SQLite is asked for two. Less needs rows with fewer columns, which is a new version of the file.",
    "- **Python references.** They decode into dictionaries and store nothing. Fifteen times discord.py is more than twilight reaches without a journal, on the same two cores.",
]


# The platforms with the libraries in Python that each is compared with.
PYTHON = [
    ("Discord", "disagreement"), ("Discord", "discord.py"), ("QueUp", "backtracked"), ("Stack Exchange", "sechat"),
    ("Lavalink", "revvlink"),
]  # fmt: skip


def write(results, path):
    page = Page(results)
    page.machine()
    page.targets()
    for section in (page.profile, page.discord, page.rates, page.apart, page.instructions, page.platforms, page.journal, page.places, page.daemon,
                    page.growth):
        section()
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n" + "\n".join(page.lines).rstrip() + f"\n\n{END}{after}")
