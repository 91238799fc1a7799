use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    join,
};

use super::stage;
use crate::upstream::{
    Outgoing,
    pretend::{get, on_a_worker},
};

/// What a SOCKS proxy reads and says, byte by byte, and what becomes of the request.
async fn socks(url: &'static [(&'static str, &'static str)], steps: &[(&[u8], &[u8])]) -> Result<String, String> {
    let stage = stage(false, url);
    let proxy = async {
        let mut stream = stage.accept().await.into_stream();
        for (expected, answer) in steps {
            let mut seen = vec![0; expected.len()];
            stream.read_exact(&mut seen).await.unwrap();
            assert_eq!(&seen, expected);
            stream.write_all(answer).await.unwrap();
        }
        let mut rest = [0; 10];
        if stream.read_exact(&mut rest).await.is_ok() {
            assert_eq!(&rest, b"GET /x HTT");
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        }
        stream
    };
    let request: Outgoing = get("/x");
    let (answer, _stream) = join!(stage.ask(request), proxy);
    answer.map(|(_, body)| body).map_err(|error| error.to_string())
}

const ASKS: &[u8] = &[5, 1, 0, 3, 6, b'b', b'.', b't', b'e', b's', b't', 0x1f, 0x90];

#[tokio::test(start_paused = true)]
async fn a_socks_proxy_resolves_the_name_and_makes_a_tunnel() {
    on_a_worker(async {
        let plain = [(&[5, 1, 0][..], &[5, 0][..]), (ASKS, &[5, 0, 0, 1, 10, 0, 0, 7, 0, 80])];
        assert_eq!(socks(&[("HTTP_PROXY", "socks5://p.test")], &plain).await.unwrap(), "ok");
        let named = [
            (&[5, 2, 0, 2][..], &[5, 2][..]),
            (&[1, 1, b'u', 1, b'p'], &[1, 0]),
            (ASKS, &[5, 0, 0, 3, 2, b'x', b'y', 0, 80]),
        ];
        assert_eq!(socks(&[("HTTP_PROXY", "socks5://u:p@p.test")], &named).await.unwrap(), "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_socks_proxy_that_makes_no_tunnel_is_told_in_gos_words() {
    on_a_worker(async {
        let greeted = (&[5, 1, 0][..], &[5, 0][..]);
        for (steps, text) in [
            (vec![(&[5, 1, 0][..], &[4, 0][..])], "unexpected protocol version 4"),
            (vec![(&[5, 1, 0], &[5, 255])], "no acceptable authentication methods"),
            (vec![(&[5, 1, 0], &[5, 2])], "unsupported authentication method 2"),
            (vec![greeted, (ASKS, &[5, 5, 0, 1])], "unknown error connection refused"),
            (vec![greeted, (ASKS, &[5, 9, 0, 1])], "unknown error unknown code: 9"),
            (vec![greeted, (ASKS, &[5, 0, 1, 1])], "non-zero reserved field"),
            (vec![greeted, (ASKS, &[5, 0, 0, 2])], "unknown address type 2"),
        ] {
            let told = socks(&[("HTTP_PROXY", "socks5://p.test")], &steps).await.unwrap_err();
            assert_eq!(told, format!("socks connect tcp 10.0.0.1:80->b.test:8080: {text}"));
        }
    })
    .await;
}
