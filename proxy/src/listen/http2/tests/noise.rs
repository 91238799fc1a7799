use proptest::{collection::vec, prelude::*, sample::select};
use tokio::io::AsyncWriteExt as _;

use super::*;

/// What a client may send.
#[derive(Clone, Debug)]
enum Step {
    /// A request on the next stream, for one of the handlers of these tests.
    Ask(&'static str, bool),
    /// Bytes on one of the streams, and whether they are the last.
    Data(u32, usize, bool),
    /// Trailers on one of the streams.
    Trailers(u32),
    Reset(u32, u32),
    /// More room for answers, on a stream or on the connection (0).
    Window(u32, u32),
    Settings(u16, u32),
    /// Anything.
    Noise(u8, u8, u32, Vec<u8>),
    Pause(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let paths =
        ["/echo", "/gone", "/large", "/cut", "/trailers", "/103", "/64MiB", "/slow-read", "/stubborn", "/panic", "/"];
    let stream = || (0..6_u32).prop_map(|number| number * 2 + 1);
    let step = prop_oneof![
        8 => (select(paths.to_vec()), any::<bool>()).prop_map(|(path, ends)| Step::Ask(path, ends)),
        8 => (stream(), 0..3000_usize, any::<bool>()).prop_map(|(stream, bytes, ends)| Step::Data(stream, bytes, ends)),
        2 => stream().prop_map(Step::Trailers),
        4 => (stream(), 0..14_u32).prop_map(|(stream, code)| Step::Reset(stream, code)),
        2 => (0..12_u32, 1..100_000_u32).prop_map(|(stream, bytes)| Step::Window(stream, bytes)),
        1 => (1..7_u16, 0..100_000_u32).prop_map(|(setting, value)| Step::Settings(setting, value)),
        1 => (any::<u8>(), any::<u8>(), 0..12_u32, vec(any::<u8>(), 0..20))
            .prop_map(|(kind, flags, stream, payload)| Step::Noise(kind, flags, stream, payload)),
        3 => (0..20_000_u64).prop_map(Step::Pause),
    ];
    vec(step, 0..40)
}

/// The frame of a step: kind, flags, stream and payload.
fn frame(step: &Step, next: &mut u32) -> Option<(u8, u8, u32, Vec<u8>)> {
    Some(match step {
        Step::Ask(path, ends) => {
            let stream = *next;
            *next += 2;
            // `:method: POST`, `:scheme: https` and a short authority.
            let head = [&[0x83, 0x87, 0x04, path.len() as u8], path.as_bytes(), &[0x41, 1, b'h']].concat();
            (1, 4 | u8::from(*ends), stream, head)
        }
        Step::Data(stream, bytes, ends) => (0, u8::from(*ends), *stream, vec![b'a'; *bytes]),
        Step::Trailers(stream) => (1, 5, *stream, vec![0, 1, b'x', 1, b'1']),
        Step::Reset(stream, code) => (3, 0, *stream, code.to_be_bytes().to_vec()),
        Step::Window(stream, bytes) => (8, 0, *stream, bytes.to_be_bytes().to_vec()),
        Step::Settings(setting, value) => (4, 0, 0, [&setting.to_be_bytes()[..], &value.to_be_bytes()].concat()),
        Step::Noise(kind, flags, stream, payload) => (*kind, *flags, *stream, payload.clone()),
        Step::Pause(_) => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_client_sends_the_server_lives_and_nothing_is_left_over(steps in steps()) {
        play(async {
            let limits = Http2Limits { streams_max: 4, idle_timeout: Some(Duration::from_secs(30)), ..Http2Limits::default() };
            let (served, io) = start(limits);
            let (mut reader, mut writer) = tokio::io::split(io);
            // Answers are read all the time, and nobody looks at them.
            let reading = tokio::task::spawn_local(async move {
                drop(tokio::io::copy(&mut reader, &mut tokio::io::sink()).await);
            });
            writer.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
            let mut next = 1;
            for step in steps {
                if let Step::Pause(milliseconds) = step {
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                }
                let Some((kind, flags, stream, payload)) = frame(&step, &mut next) else { continue };
                let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
                bytes.extend([kind, flags]);
                bytes.extend(stream.to_be_bytes());
                bytes.extend(payload);
                if writer.write_all(&bytes).await.is_err() {
                    break;
                }
                settle().await;
            }
            assert!(served.seen.running_most.get() <= 4);
            // The client is gone: all that ran for it ends.
            drop(writer);
            reading.abort();
            tokio::time::timeout(Duration::from_secs(60), served.task).await.unwrap().unwrap();
            assert_eq!(served.seen.running.get(), 0);
        });
    }
}
