//! Heap allocations of a proxied request: HTTP/1 to HTTP/1, ten fields, a body of a hundred bytes, both connections kept. Prints how many
//! there are, by size; fails where there are more than [`ALLOCATIONS_MAX`]. With `--places` each is told with the place it was made at.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    process::ExitCode,
};

use weir_bench::{
    backend,
    client::{Client, REQUEST},
    contender,
    counting::{self, Counting},
};

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() -> ExitCode {
    counting::count_me_out();
    let mut client = Client::connect(contender::weir(backend()).address);
    for _ in 0..WARM_UPS {
        client.ask();
    }
    counting::reset();
    for _ in 0..REQUESTS {
        client.ask();
    }
    let counts = counting::counts();
    let each = counts.iter().sum::<u64>() as f64 / REQUESTS as f64;
    println!("{each:.2} allocations a request, at most {ALLOCATIONS_MAX:.0} are allowed");
    for (class, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        println!("{:>8.2} of at most {} bytes", *count as f64 / REQUESTS as f64, 1_u64 << class);
    }
    if std::env::args().any(|argument| argument == "--places") {
        print_places(&mut client);
    }
    if each > ALLOCATIONS_MAX { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Asks once more, and tells where memory was asked for.
fn print_places(client: &mut Client) {
    let places = counting::places(|| {
        client.ask();
    });
    for (bytes, place) in places {
        println!("\n{bytes} bytes");
        let text = place.to_string();
        let ours = text.lines().filter(|line| line.contains("weir") || line.contains("./proxy/"));
        ours.skip_while(|line| line.contains("counting")).take(8).for_each(|line| println!("{line}"));
    }
}

/// A backend that answers one request after the other with a kilobyte, and that is not counted.
fn backend() -> SocketAddr {
    backend::uncounted(|mut stream| {
        let mut answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-cache, private\r\n\
            Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 1024\r\n\r\n"
            .to_vec();
        answer.extend_from_slice(&[b'x'; 1024]);
        let mut buffer = vec![0; 16 * 1024];
        let mut filled = 0;
        while let Ok(read @ 1..) = stream.read(&mut buffer[filled..]) {
            filled += read;
            if buffer[..filled].ends_with(&REQUEST[REQUEST.len() - BODY_BYTES..]) {
                filled = 0;
                if stream.write_all(&answer).is_err() {
                    return;
                }
            }
        }
    })
}

const WARM_UPS: usize = 1_000;
const REQUESTS: usize = 1_000;
const BODY_BYTES: usize = 100;
const ALLOCATIONS_MAX: f64 = 10.0;
