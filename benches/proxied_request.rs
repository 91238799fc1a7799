//! One proxied request over loopback: Weir beside a hyper-util proxy that does the same work. Prints the ratio of their CPU time, measured
//! interleaved.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use weir_bench::{
    backend,
    client::Client,
    contender::{self, Contender},
};

fn main() {
    let backend = backend::start();
    let contenders = [contender::weir(backend), contender::hyper_util(backend)];
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("proxied_request");
    group.throughput(Throughput::Elements(1));
    for contender in &contenders {
        let mut client = Client::connect(contender.address);
        group.bench_function(contender.name, |bencher| bencher.iter(|| black_box(client.ask())));
    }
    group.finish();
    criterion.final_summary();
    print_ratio(&contenders);
}

/// CPU time per request of both, in turns, so that a noisy neighbour meets both.
fn print_ratio(contenders: &[Contender; 2]) {
    let mut clients: Vec<Vec<Client>> = contenders
        .iter()
        .map(|contender| (0..CONNECTIONS).map(|_| Client::connect(contender.address)).collect())
        .collect();
    let mut rounds: Vec<[f64; 2]> = Vec::new();
    for round in 0..=ROUNDS {
        let mut microseconds = [0.0; 2];
        for (at, contender) in contenders.iter().enumerate() {
            let before = contender.cpu_nanoseconds();
            for _ in 0..REQUESTS_PER_ROUND / CONNECTIONS {
                for client in &mut clients[at] {
                    client.ask();
                }
            }
            microseconds[at] = (contender.cpu_nanoseconds() - before) as f64 / 1e3 / REQUESTS_PER_ROUND as f64;
        }
        if round > 0 {
            rounds.push(microseconds); // the first one warms up
        }
    }
    let [ours, theirs] = [0, 1].map(|at| median(rounds.iter().map(|round| round[at])));
    let ratio = median(rounds.iter().map(|round| round[0] / round[1]));
    let names = [contenders[0].name, contenders[1].name];
    println!(
        "CPU per request, median of {ROUNDS} rounds: {} {ours:.1} us, {} {theirs:.1} us, ratio {ratio:.2}",
        names[0], names[1]
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const CONNECTIONS: usize = 16;
const REQUESTS_PER_ROUND: usize = 4_000;
const ROUNDS: usize = 9;
