# Every recipe is one plain command; nobody needs `just` to work here.

# Format, lints, documentation and tests: what a change must pass.
ready: format clippy docs test

format:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets -- -D warnings

docs:
    RUSTDOCFLAGS="-D warnings --cfg antiphon_pages" cargo doc --workspace --no-deps

test:
    cargo test --workspace

# The guide, beside rustdoc's pages, and its links (needs mdBook: docs/guide/requirements.txt).
guide: docs
    mdbook build docs/guide -d "$PWD/target/doc/guide" && tools/check_guide.py target/doc

# The tables of docs/configuration.md and docs/antiphon.schema.json, from the options as they are declared.
configuration:
    RENEW=1 cargo test -p antiphon-cli --lib reference

# docs/schema, from the types that `--output json` prints.
schemas:
    RENEW=1 cargo test -p antiphon-cli --test schemas the_schemas

# The table of docs/metrics.md, from the rows of the daemon's metrics.
metrics:
    RENEW=1 cargo test -p antiphon-cli --lib metrics

# docs/simulator-routes.md, from the rows of the simulated Discord's routes.
routes:
    UPDATE_ROUTES=1 cargo test -p antiphon-sim --lib routes

# docs/world.schema.json, from the keys of the simulator's world file.
world:
    RENEW=1 cargo test -p antiphon-sim --test promises the_schema_is

demo:
    cargo run --release -- demo

# docs/demo.svg, from a demo on a terminal (needs pyte: `pip install pyte==0.8.2`).
demo-picture:
    tools/demo_picture.py target/release/antiphon docs/demo.svg

# docs/pictures, from the dashboard of a daemon that has run for some minutes (after `npm ci` in interop/dashboard).
dashboard-pictures address="http://127.0.0.1:8420/":
    node interop/dashboard/pictures.mjs {{address}} docs/pictures

# Other people's clients against the simulator.
interop:
    interop/run target/release/antiphon

# Kill the daemon at random moments and count what is stored, gapped and lost.
kill9 times="50":
    python3 interop/kill9.py target/release/antiphon --times {{times}}

# Restart a bot's daemon at random moments, in order and not, and count what that cost.
restarts times="100":
    python3 interop/restarts.py target/release/antiphon --times {{times}}

# Break everything around a daemon and a bot on all four platforms, and account for every event (after `cargo build --workspace`).
chaos runs="100" seed="1":
    target/debug/antiphon-chaos run --runs {{runs}} --seed {{seed}}

# The same scripts within one process, on a paused clock.
chaos-virtual runs="1000" seed="1":
    target/debug/antiphon-chaos virtual --runs {{runs}} --seed {{seed}}

# Runs of a cluster of three servers, two ingesters and three workers
cluster runs="100" seed="1":
    target/debug/antiphon-chaos cluster --runs {{runs}} --seed {{seed}}

# The figures of docs/performance.md, end to end beside other libraries.
peers:
    benches/peers/run

# Benches of single parts.
bench:
    cargo bench --workspace

# Instructions of the hot paths, against the counts that are checked in.
instructions:
    tools/instructions.py

# The same, written anew.
instructions-renew:
    tools/instructions.py --renew

# Pin the Python clients' dependencies anew (needs pip-tools).
interop-lock:
    for d in discord lavalink queup stackexchange; do (cd interop/$d && for f in requirements requirements-build; do pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --strip-extras -o $f.txt $f.in; done); done
