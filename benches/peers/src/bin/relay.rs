//! A relay before the simulator that sends a prepared stream: `relay UPSTREAM FRAMES`.
//!
//! It prints its port, and passes everything on in both directions, so that clients log in and join at the simulator.
//! Once the simulator has said nothing on a WebSocket for a second and a half, the client has joined: the relay then
//! writes the frames of the file, one a line, as fast as they are read, and goes on passing. So the simulator is never
//! the limit. The stream is in memory before the first client comes, and is sent once.

use std::{
    env, fs,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use antiphon_peers::frame;

/// Silence after which a client has joined.
const QUIET: Duration = Duration::from_millis(1500);
/// Bytes of a write.
const PIECE: usize = 256 << 10;

/// The prepared stream, and whether it was sent.
struct Prepared {
    bytes: Vec<u8>,
    is_sent: AtomicBool,
}

/// Passes on what the simulator sends, with the prepared stream in the first silence of a socket.
fn down(mut upstream: TcpStream, mut client: TcpStream, prepared: &Prepared) -> io::Result<()> {
    upstream.set_read_timeout(Some(QUIET))?;
    let (mut piece, mut is_socket) = (vec![0; 64 << 10], false);
    loop {
        match upstream.read(&mut piece) {
            Ok(0) => return client.shutdown(Shutdown::Write),
            Ok(length) => {
                is_socket |= piece[..length].starts_with(b"HTTP/1.1 101");
                client.write_all(&piece[..length])?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if is_socket && !prepared.is_sent.swap(true, Ordering::Relaxed) {
                    prepared.bytes.chunks(PIECE).try_for_each(|piece| client.write_all(piece))?;
                }
            }
            Err(error) => return Err(error),
        }
    }
}

fn serve(upstream: &str, client: TcpStream, prepared: Arc<Prepared>) -> io::Result<()> {
    let simulator = TcpStream::connect(upstream)?;
    for stream in [&client, &simulator] {
        stream.set_nodelay(true)?;
    }
    let (mut from, mut to) = (client.try_clone()?, simulator.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    down(simulator, client, &prepared)
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [upstream, path] = &arguments[..] else {
        panic!("usage: relay UPSTREAM FRAMES");
    };
    let text = fs::read_to_string(path).expect("a file of frames");
    let mut bytes = Vec::new();
    text.lines().for_each(|line| frame(0x81, line.as_bytes(), &mut bytes));
    let prepared = Arc::new(Prepared { bytes, is_sent: AtomicBool::new(false) });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("bound").port());
    let upstream = upstream.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (upstream, prepared) = (upstream.clone(), Arc::clone(&prepared));
            thread::spawn(move || serve(&upstream, client, prepared));
        }
    });
    // The runner holds the other end.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
}
