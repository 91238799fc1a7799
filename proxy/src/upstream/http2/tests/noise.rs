use std::time::Duration;

use proptest::{collection::vec, prelude::*, sample::select};
use tokio::{io::AsyncWriteExt as _, task::LocalSet};

use super::*;
use crate::upstream::pretend::frame;

/// What a backend may send.
#[derive(Clone, Debug)]
enum Step {
    /// A head on one of the streams, and whether it ends it.
    Head(u32, &'static [u8], bool),
    Data(u32, usize, bool),
    Reset(u32, u32),
    GoAway(u32, u32),
    Settings(u16, u32),
    /// Anything.
    Noise(u8, u8, u32, Vec<u8>),
    Pause(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // `:status` 200, 204 and 103; 200 with a length of 5; a trailer.
    let heads: [&[u8]; 5] = [b"\x88", b"\x89", b"\x08\x03103", b"\x88\x0f\x0d\x015", b"\0\x01x\x011"];
    let stream = || (0..4_u32).prop_map(|number| number * 2 + 1);
    let step = prop_oneof![
        8 => (stream(), select(heads.to_vec()), any::<bool>()).prop_map(|(stream, head, ends)| Step::Head(stream, head, ends)),
        8 => (stream(), 0..3000_usize, any::<bool>()).prop_map(|(stream, bytes, ends)| Step::Data(stream, bytes, ends)),
        3 => (stream(), 0..14_u32).prop_map(|(stream, code)| Step::Reset(stream, code)),
        1 => (0..8_u32, 0..14_u32).prop_map(|(last, code)| Step::GoAway(last, code)),
        1 => (1..7_u16, 0..100_000_u32).prop_map(|(setting, value)| Step::Settings(setting, value)),
        1 => (any::<u8>(), any::<u8>(), 0..8_u32, vec(any::<u8>(), 0..20))
            .prop_map(|(kind, flags, stream, payload)| Step::Noise(kind, flags, stream, payload)),
        3 => (0..12_000_u64).prop_map(Step::Pause),
    ];
    vec(step, 0..24)
}

fn bytes(step: &Step) -> Vec<u8> {
    let (kind, flags, stream, payload) = match step {
        Step::Head(stream, head, ends) => (1, 4 | u8::from(*ends), *stream, head.to_vec()),
        Step::Data(stream, bytes, ends) => (0, u8::from(*ends), *stream, vec![b'a'; *bytes]),
        Step::Reset(stream, code) => (3, 0, *stream, code.to_be_bytes().to_vec()),
        Step::GoAway(last, code) => (7, 0, 0, [last.to_be_bytes(), code.to_be_bytes()].concat()),
        Step::Settings(setting, value) => (4, 0, 0, [&setting.to_be_bytes()[..], &value.to_be_bytes()].concat()),
        Step::Noise(kind, flags, stream, payload) => (*kind, *flags, *stream, payload.clone()),
        Step::Pause(_) => return Vec::new(),
    };
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A backend that takes its steps on its first connection, and ends the others.
async fn misbehave(stage: Rc<Stage>, steps: Vec<Step>) {
    let (mut reader, mut writer) = tokio::io::split(stage.accept().await.into_stream());
    tokio::task::spawn_local(async move {
        drop(tokio::io::copy(&mut reader, &mut tokio::io::sink()).await);
    });
    writer.write_all(b"\0\0\0\x04\0\0\0\0\0").await.unwrap();
    for step in steps {
        if let Step::Pause(milliseconds) = step {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
        if writer.write_all(&bytes(&step)).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(writer);
    loop {
        drop(stage.accept().await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_backend_sends_every_request_ends_and_nothing_is_left_over(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let stage = stage(|_| {});
            let backend = tokio::task::spawn_local(misbehave(Rc::clone(&stage), steps));
            let requests = [get("/1"), post("/2", Body::whole("hello")), post("/3", Body::empty())];
            let sent: Vec<_> = requests.into_iter().map(|request| send(&stage, request)).collect();
            for sent in sent {
                let ended = tokio::time::timeout(Duration::from_secs(300), async {
                    if let Ok(mut incoming) = sent.await.unwrap() {
                        while let Some(Ok(_)) = frame(&mut incoming.body).await {}
                    }
                });
                ended.await.unwrap();
            }
            // All that idles grows old.
            tokio::time::sleep(Duration::from_secs(200)).await;
            assert!(stage.transport.is_forgetful());
            backend.abort();
        });
    }
}
