//! The HTTP/1 codec alone: a request head read, an answer written. `httparse` beside it reads the same head, without copying, checking or
//! canonicalising.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput};
use http::StatusCode;
use weir::wire::{
    Name, ResponseHead, Version,
    http1::{Asked, Event, HeadLimits, Next, RequestReader, ResponseWriter, Settled},
};
use weir_bench::client::REQUEST;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    read_request(&mut criterion);
    write_answer(&mut criterion);
    criterion.final_summary();
}

fn read_request(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read_request");
    group.throughput(Throughput::Bytes(REQUEST.len() as u64));
    group.bench_function("weir", |bencher| {
        let mut reader = RequestReader::new(HeadLimits { head_bytes_max: 1 << 20 });
        bencher.iter_batched_ref(
            || BytesMut::from(REQUEST),
            |input| {
                let mut events = 0;
                while !matches!(reader.next(input, false), Ok(Event::Done) | Err(_)) {
                    events += 1;
                }
                black_box(events)
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("httparse, head only", |bencher| {
        bencher.iter(|| {
            let mut fields = [httparse::EMPTY_HEADER; 32];
            let mut request = httparse::Request::new(&mut fields);
            black_box(request.parse(black_box(REQUEST)).is_ok())
        });
    });
    group.finish();
}

fn write_answer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write_answer");
    group.bench_function("weir", |bencher| {
        let mut head = ResponseHead::new(StatusCode::OK);
        head.content_length = Some(1024);
        head.headers.append(Name::CONTENT_TYPE, Bytes::from_static(b"application/json"));
        head.headers.append(Name::CACHE_CONTROL, Bytes::from_static(b"no-cache, private"));
        head.headers.append(Name::AUDIT_ID, Bytes::from_static(b"1f0c1c1e-0000-4000-8000-000000000000"));
        let body = Bytes::from_static(&[b'x'; 1024]);
        let mut out = BytesMut::with_capacity(4096);
        let asked = Asked { method_is_head: false, version: Version::Http11, close: false, keep_alive_asked: false };
        let date = *b"Sun, 06 Nov 1994 08:49:37 GMT";
        bencher.iter(|| {
            out.clear();
            let mut writer = ResponseWriter::new(asked, Box::new(head.clone()), date);
            if writer.will_write_head(Next::Data(body.len())) {
                writer.settle(Settled::KeepAlive);
            }
            black_box(writer.data(body.clone(), &mut out)).expect("as long as declared");
            if writer.will_write_head(Next::End) {
                writer.settle(Settled::KeepAlive);
            }
            black_box(writer.finish(&mut out));
        });
    });
    group.finish();
}
