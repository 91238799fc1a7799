//! Heap allocations of a proxied request: HTTP/1 to HTTP/1, ten fields, a body of a hundred bytes, both connections kept. Prints how many
//! there are, by size; fails where there are more than [`ALLOCATIONS_MAX`]. With `--places` each is told with the place it was made at.
#![expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one adds nothing but counters")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    backtrace::Backtrace,
    cell::Cell,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use weir_bench::{
    client::{Client, REQUEST},
    contender,
};

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() -> ExitCode {
    OUTSIDE.set(true);
    let mut client = Client::connect(contender::weir(backend()).address);
    for _ in 0..WARM_UPS {
        client.ask();
    }
    COUNTS.iter().for_each(|count| count.store(0, Relaxed));
    for _ in 0..REQUESTS {
        client.ask();
    }
    let counts: Vec<u64> = COUNTS.iter().map(|count| count.load(Relaxed)).collect();
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
    TELLS.store(true, Relaxed);
    client.ask();
    TELLS.store(false, Relaxed);
    for (bytes, place) in PLACES.lock().expect("nobody panicked").iter() {
        println!("\n{bytes} bytes");
        let text = place.to_string();
        let ours = text.lines().filter(|line| line.contains("weir") || line.contains("./proxy/"));
        ours.skip_while(|line| line.contains("allocations")).take(8).for_each(|line| println!("{line}"));
    }
}

/// A backend that answers one request after the other with a kilobyte, and that is not counted.
fn backend() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    let address = listener.local_addr().expect("a bound address");
    thread::spawn(move || {
        OUTSIDE.set(true);
        let (mut stream, _) = listener.accept().expect("the proxy dials");
        stream.set_nodelay(true).expect("a connected socket");
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
    });
    address
}

/// The system's allocator, and counters of what is asked of it in threads that are not the bench's own.
struct Counting;

thread_local! {
    /// That the thread belongs to the bench, or is telling of an allocation.
    static OUTSIDE: Cell<bool> = const { Cell::new(false) };
}

static COUNTS: [AtomicU64; 40] = [const { AtomicU64::new(0) }; 40];
static TELLS: AtomicBool = AtomicBool::new(false);
static PLACES: Mutex<Vec<(usize, Backtrace)>> = Mutex::new(Vec::new());

fn count(bytes: usize) {
    if OUTSIDE.get() {
        return;
    }
    let class = bytes.max(1).next_power_of_two().trailing_zeros() as usize;
    COUNTS[class].fetch_add(1, Relaxed);
    if TELLS.load(Relaxed) {
        OUTSIDE.set(true);
        if let Ok(mut places) = PLACES.lock() {
            places.push((bytes, Backtrace::force_capture()));
        }
        OUTSIDE.set(false);
    }
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps to the trait's rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count(bytes);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, bytes) }
    }
}

const WARM_UPS: usize = 1_000;
const REQUESTS: usize = 1_000;
const BODY_BYTES: usize = 100;
const ALLOCATIONS_MAX: f64 = 10.0;
