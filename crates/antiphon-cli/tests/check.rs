//! `antiphon check` and `antiphon doctor` as a person or a script meets it: the whole of what the binary prints.

mod binary;

use tempfile::TempDir;

use binary::{Antiphon, antiphon};

/// A folder with this configuration.
fn configured(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    folder
}

const MISTAKES: &str = "[journal]\nkeep = \"30\"\nmax_bytes = 500\n[sources.choir]\nplatform = \"queup\"\nemail = \"m\"\n\
                        password = { env = \"ANTIPHON_NOT_SET\" }\nrooms = [\"loft\"]\nroms = []\n";

#[test]
fn check_tells_all_mistakes_of_a_file_and_run_tells_the_same() {
    let folder = configured(MISTAKES);
    let check = |options: &[&str]| {
        let options = ["check"].iter().chain(options).copied();
        Antiphon::new(options).within(folder.path()).run()
    };
    insta::assert_snapshot!(check(&[]).whole(), @r#"
        exit 2
        --- stdout
        antiphon.toml:2:8: error: `keep` of [journal] is not a length of time such as "30d" [length-wrong]
          hint: write a number with its unit, as a text, such as "30d" or "1h30m"
        antiphon.toml:3:13: warning: `max_bytes` of [journal] is 500 bytes [max-bytes-small]
          hint: `max_bytes` counts bytes: a gibibyte is 1_073_741_824
        antiphon.toml:7:12: error: the password of [sources.choir]: the environment has no `ANTIPHON_NOT_SET` [secret-variable-missing]
          hint: set it, for instance with `export ANTIPHON_NOT_SET=…`
        antiphon.toml:9:1: error: [sources.choir] knows no key `roms` [key-unknown]
          hint: did you mean `rooms`?
        --- stderr
        3 errors, 1 warning in antiphon.toml
        "#);
    insta::assert_snapshot!(check(&["--output", "json"]).whole(), @r#"
        exit 2
        --- stdout
        {"code":"length-wrong","severity":"error","file":"antiphon.toml","line":2,"column":8,"message":"`keep` of [journal] is not a length of time such as \"30d\"","hint":"write a number with its unit, as a text, such as \"30d\" or \"1h30m\""}
        {"code":"max-bytes-small","severity":"warning","file":"antiphon.toml","line":3,"column":13,"message":"`max_bytes` of [journal] is 500 bytes","hint":"`max_bytes` counts bytes: a gibibyte is 1_073_741_824"}
        {"code":"secret-variable-missing","severity":"error","file":"antiphon.toml","line":7,"column":12,"message":"the password of [sources.choir]: the environment has no `ANTIPHON_NOT_SET`","hint":"set it, for instance with `export ANTIPHON_NOT_SET=…`"}
        {"code":"key-unknown","severity":"error","file":"antiphon.toml","line":9,"column":1,"message":"[sources.choir] knows no key `roms`","hint":"did you mean `rooms`?"}
        "#);
    let run = Antiphon::new(["run"]).within(folder.path()).run();
    insta::assert_snapshot!(run.whole(), @r#"
        exit 2
        --- stderr
        warning: antiphon.toml:3:13: `max_bytes` of [journal] is 500 bytes
        hint: `max_bytes` counts bytes: a gibibyte is 1_073_741_824
        error: antiphon.toml:2:8: `keep` of [journal] is not a length of time such as "30d"
        hint: write a number with its unit, as a text, such as "30d" or "1h30m"
        error: antiphon.toml:7:12: the password of [sources.choir]: the environment has no `ANTIPHON_NOT_SET`
        hint: set it, for instance with `export ANTIPHON_NOT_SET=…`
        error: antiphon.toml:9:1: [sources.choir] knows no key `roms`
        hint: did you mean `rooms`?
        "#);
    assert!(!folder.path().join("antiphon.db").exists());
}

#[test]
fn check_ends_well_with_warnings_alone_unless_it_is_strict() {
    let folder = configured(
        "[journal]\nkeep = \"1d\"\n[sources.choir]\nplatform = \"queup\"\nemail = \"m\"\n\
         password = { env = \"CHOIR\" }\nrooms = [\"loft\"]\n",
    );
    let check = |options: &[&str]| {
        let options = ["check"].iter().chain(options).copied();
        let check = Antiphon::new(options).within(folder.path());
        check.with("CHOIR", "canary-7f3a").run().whole()
    };
    insta::assert_snapshot!(check(&[]), @r#"
        exit 0
        --- stdout
        antiphon.toml:2:8: warning: `keep` of [journal] is shorter than its `window` [keep-under-window]
          hint: make `window` no longer than `keep`
        --- stderr
        1 warning in antiphon.toml
        "#);
    assert!(check(&["--strict"]).starts_with("exit 1\n"));
    let text = std::fs::read_to_string(folder.path().join("antiphon.toml")).expect("it is there");
    let text = text.replace("keep = \"1d\"", "");
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    insta::assert_snapshot!(check(&["--strict"]), @r#"
        exit 0
        --- stderr
        no mistakes in antiphon.toml
        "#);
    insta::assert_snapshot!(check(&["--config", "no.toml"]), @r#"
        exit 2
        --- stdout
        error: could not read the configuration no.toml [config-missing]
          cause: No such file or directory (os error 2)
          hint: name one with `--config`; docs/configuration.md has an example
        --- stderr
        1 error in no.toml
        "#);
}

#[test]
fn check_explains_a_code() {
    insta::assert_snapshot!(antiphon(["check", "--explain", "secret-open"]).whole(), @r#"
        exit 0
        --- stdout
        secret-open (warning)
        Others than the owner can read a file with a secret.
        hint: chmod 600 the file
        "#);
    insta::assert_snapshot!(antiphon(["check", "--explain", "secret-opn"]).whole(), @r#"
        exit 2
        --- stderr
        error: there is no code `secret-opn`
        hint: did you mean `secret-open`?
        "#);
    insta::assert_snapshot!(antiphon(["check", "-h"]).whole(), @r#"
        exit 0
        --- stdout
        Finds all mistakes of a configuration, without connecting to anything

        Usage: antiphon check [OPTIONS]

        Options:
              --config <FILE>   The configuration [default: antiphon.toml]
              --strict          Ends with exit code 1 if there are warnings
              --output <FORM>   As text for people, or as one JSON object a line [default: text] [possible
                                values: text, json]
              --explain <CODE>  Prints what a finding's code means and the way out, and does nothing else
          -h, --help            Print help (see more with '--help')
          -V, --version         Print version
        "#);
}

#[test]
fn check_looks_at_the_proxies_of_the_environment() {
    let folder = configured(
        "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"NAVE\" }\nproxy = \"none\"\n\
         [sources.choir]\nplatform = \"queup\"\nemail = \"m@example.org\"\npassword = { env = \"CHOIR\" }\n\
         rooms = [\"loft\"]\n",
    );
    let check = |name: &str, value: &str| {
        let check = Antiphon::new(["check"]).within(folder.path());
        let check = check
            .with("CHOIR", "canary-7f3a")
            .with("NAVE", "canary-7f3a");
        check.with(name, value).run().stdout
    };
    let proxies = |said: String| {
        let lines = said
            .lines()
            .skip_while(|line| !line.contains("in the environment"));
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(proxies(check("https_proxy", "http://mira:canary@proxy.example:3128")), @r#"
        antiphon.toml:5:10: note: [sources.choir] has no proxy of its own, and `https_proxy` in the environment names http://<redacted>@proxy.example:3128 [proxy-of-environment]
          hint: `proxy = "none"` of a source does without
        "#);
    insta::assert_snapshot!(proxies(check("ALL_PROXY", "htp://mira:canary@nowhere")), @r#"
        antiphon.toml:5:10: error: [sources.choir] has no proxy of its own, and `ALL_PROXY` in the environment names no proxy [proxy-variable-wrong]
          cause: a proxy's scheme is one of http, https, socks5, socks5h, socks4 and socks4a
          hint: mend `ALL_PROXY` or unset it; `proxy = "none"` of a source does without
        "#);
    assert_eq!(proxies(check("NO_PROXY", "example.org")), "");
}

/// The text with `0` for each number, since ports and times differ from run to run.
fn without_numbers(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if shown.ends_with('0') => {}
            '0'..='9' => shown.push('0'),
            letter => shown.push(letter),
        }
    }
    shown
}

#[cfg(unix)]
#[test]
fn doctor_finds_a_simulation_well_and_a_stopped_one_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sim = Antiphon::new(["sim", "--seed", "7", "--write", "antiphon.toml"])
        .within(folder.path())
        .start();
    sim.line().expect("the first line");
    let doctor = || {
        Antiphon::new(["doctor"])
            .within(folder.path())
            .run()
            .whole()
    };
    // How full the disk is, is this machine's matter.
    let well = doctor();
    let lines = well.lines().filter(|line| !line.contains("the disk has"));
    let well = lines.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(without_numbers(&well), @r#"
        exit 0
        --- stdout
        note     configuration  antiphon.toml:0:0: [sources.stackexchange] keeps no login from run to run [cookie-file-unset]
                   hint: add `cookie_file`
        ok       configuration  antiphon.toml has no errors
        ok       discord        http://0.0.0.0:0/api/v0 answers
        ok       discord        the token is that of antiphon (0)
        ok       discord        the application has all intents that the file asks for
        ok       discord        0 of 0 session starts are left for the next 0 h
        ok       discord        shards: 0, and Discord recommends 0
        ok       discord        the Gateway ws://0.0.0.0:0 can be reached
        ok       lavalink       the node `asia-0` is Lavalink 0.0.0; sources: youtube, soundcloud, bandcamp, twitch, vimeo, http, local, spotify; plugins: lavasrc-plugin, sponsorblock-plugin, lavasearch-plugin, lavalyrics-plugin
        warning  lavalink       the node `asia-0` has YouTube without the plugin that keeps it working [node-youtube-built-in]
                   hint: install the plugin `youtube-source`, and set `lavalink.server.sources.youtube` to false
        ok       lavalink       the node `eu-0` is Lavalink 0.0.0; sources: youtube, soundcloud, bandcamp, twitch, vimeo, http, local, spotify; plugins: lavasrc-plugin, sponsorblock-plugin, lavasearch-plugin, lavalyrics-plugin
        warning  lavalink       the node `eu-0` has YouTube without the plugin that keeps it working [node-youtube-built-in]
                   hint: install the plugin `youtube-source`, and set `lavalink.server.sources.youtube` to false
        ok       lavalink       the node `us-0` is Lavalink 0.0.0; sources: youtube, soundcloud, bandcamp, twitch, vimeo, http, local, spotify; plugins: lavasrc-plugin, sponsorblock-plugin, lavasearch-plugin, lavalyrics-plugin
        warning  lavalink       the node `us-0` has YouTube without the plugin that keeps it working [node-youtube-built-in]
                   hint: install the plugin `youtube-source`, and set `lavalink.server.sources.youtube` to false
        ok       queup          http://0.0.0.0:0 answers
        ok       queup          logged in as antiphon
        ok       queup          the room `choir-loft` is The Choir Loft
        ok       queup          the socket ws://0.0.0.0:0/ws/ can be reached
        ok       stackexchange  http://0.0.0.0:0 answers
        ok       stackexchange  logged in as antiphon (0)
        ok       stackexchange  the room 0 can be read and written
        ok       journal        antiphon-sim.db is not there yet; the first run makes it
        --- stderr
        errors: 0, warnings: 0
        "#);
    assert!(!folder.path().join("antiphon-sim.db").exists());
    sim.signal("TERM");
    assert_eq!(sim.end().code, 0);
    // The ports are free by now, and another program may have them: these are never given out.
    let path = folder.path().join("antiphon.toml");
    let text = std::fs::read_to_string(&path).expect("it is written");
    let mut parts = text.split("127.0.0.1:");
    let mut closed = vec![parts.next().expect("a text").to_owned()];
    for (number, part) in parts.enumerate() {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        closed.push(format!("127.0.0.1:{}{rest}", number + 1));
    }
    let closed = closed.concat();
    std::fs::write(&path, closed).expect("it is ours");
    let stopped = doctor();
    assert!(stopped.starts_with("exit 3\n"), "{stopped}");
    assert_eq!(stopped.matches("[connect-refused]").count(), 6, "{stopped}");
}

#[test]
fn doctor_goes_nowhere_with_a_wrong_configuration() {
    let folder = configured(MISTAKES);
    let run = Antiphon::new(["doctor"]).within(folder.path()).run();
    insta::assert_snapshot!(run.whole(), @r#"
        exit 2
        --- stdout
        error    configuration  antiphon.toml:2:8: `keep` of [journal] is not a length of time such as "30d" [length-wrong]
                   hint: write a number with its unit, as a text, such as "30d" or "1h30m"
        warning  configuration  antiphon.toml:3:13: `max_bytes` of [journal] is 500 bytes [max-bytes-small]
                   hint: `max_bytes` counts bytes: a gibibyte is 1_073_741_824
        error    configuration  antiphon.toml:7:12: the password of [sources.choir]: the environment has no `ANTIPHON_NOT_SET` [secret-variable-missing]
                   hint: set it, for instance with `export ANTIPHON_NOT_SET=…`
        error    configuration  antiphon.toml:9:1: [sources.choir] knows no key `roms` [key-unknown]
                   hint: did you mean `rooms`?
        --- stderr
        errors: 3, warnings: 1
        "#);
    let run = Antiphon::new(["doctor", "--timeout", "0s"])
        .within(folder.path())
        .run();
    insta::assert_snapshot!(run.whole(), @r#"
        exit 2
        --- stderr
        error: invalid value '0s' for '--timeout <TIME>': `0s` is not from `1s` to `10m`
        hint: `antiphon doctor --help` shows what can be written
        "#);
}

#[cfg(not(feature = "jetstream"))]
#[test]
fn a_build_without_jetstream_names_the_way_out() {
    let folder = configured("[journal]\nurl = \"nats://127.0.0.1:1\"\n");
    let run = |arguments: &[&'static str]| {
        let run = Antiphon::new(arguments.iter().copied());
        run.within(folder.path()).run()
    };
    let check = run(&["check"]);
    assert_eq!(check.code, 2, "{}", check.whole());
    assert!(check.stdout.contains("[journal-without-jetstream]"));
    let tail = run(&["tail"]);
    assert_eq!(tail.code, 2, "{}", tail.whole());
    assert!(tail.stderr.contains("was built without JetStream"));
    assert!(
        tail.stderr
            .contains("hint: install it with its usual features")
    );
}
