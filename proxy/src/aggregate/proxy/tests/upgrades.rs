use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

#[tokio::test]
async fn a_101_that_nobody_asked_for_is_refused() {
    on_a_worker(async {
        let said = "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        let stage = Stage::new(Manner::Says(said.to_owned()));
        let text = "backend tried to switch protocol \"websocket\" when \"\" was requested\n";
        assert_eq!(stage.said("/apis/example.com/v1/x").await, (503, text.to_owned()));
    })
    .await;
}

#[tokio::test]
async fn an_upgrade_becomes_a_tunnel() {
    on_a_worker(async {
        let said = "HTTP/1.1 101 X\r\nconnection: Upgrade\r\nUPGRADE: SPDY/3.1\r\n\r\n";
        let stage = Stage::new(Manner::Echoes(format!("{said}early")));
        let Ok(Answer::Switch(head, mut tunnel)) = stage.send(&mut upgrade("SPDY/3.1")).await else { panic!("no tunnel") };
        assert_eq!((head.status, head.raw.as_deref()), (StatusCode::SWITCHING_PROTOCOLS, Some(said.as_bytes())));
        let mut heard = tunnel.early.to_vec();
        tunnel.backend.write_all(b"ping").await.unwrap();
        tunnel.backend.flush().await.unwrap();
        while !heard.ends_with(b"ping") {
            heard.push(tunnel.backend.read_u8().await.unwrap());
        }
        assert_eq!(heard, b"earlyping");
        let expected = "GET /apis/example.com/v1/x/exec?a=1&b=2 HTTP/1.1\r\nHost: 10.0.0.1:443\r\nUser-Agent: Go-http-client/1.1\r\n\
             Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Forwarded-For: 192.0.2.7\r\nX-Remote-Group: a\r\nX-Remote-User: jane\r\n\r\n";
        assert_eq!(stage.backends.seen()[0].head, expected);
    })
    .await;
}

#[tokio::test]
async fn an_upgrade_that_is_answered_otherwise_is_refused() {
    on_a_worker(async {
        for status in [200, 204, 301, 302, 307] {
            let said = format!("HTTP/1.1 {status} X\r\nLocation: https://evil.test/\r\n\r\n");
            let stage = Stage::new(Manner::SaysAndLeaves(said));
            let text = format!("invalid upgrade response: status code {status}\n");
            assert_eq!(read(stage.send(&mut upgrade("websocket")).await).await, (503, text));
        }
    })
    .await;
}

/// CVE-2018-1002105: a connection whose upgrade was refused served whatever the client sent next, in the front proxy's name.
#[tokio::test]
async fn a_refused_upgrade_ends_both_connections() {
    on_a_worker(async {
        let stage = Stage::new(Manner::Says("HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno".to_owned()));
        let answered = stage.send(&mut upgrade("websocket")).await;
        assert!(matches!(&answered, Ok(Answer::Last(..))), "{answered:?}");
        assert_eq!(read(answered).await, (403, "no".to_owned()));
        let _ = read(stage.send(&mut upgrade("websocket")).await).await;
        assert_eq!((stage.backends.connections(), stage.backends.seen().len()), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn a_protocol_that_is_not_spoken_here_is_not_asked_for() {
    on_a_worker(async {
        for protocol in ["h2c", "TLS/1.0", "websocket, h2c"] {
            let stage = Stage::new(ok("plain"));
            assert_eq!(read(stage.send(&mut upgrade(protocol)).await).await, (200, "plain".to_owned()), "{protocol}");
            let head = stage.backends.seen().remove(0).head;
            assert!(!head.contains("Upgrade") && !head.contains("Connection"), "{head}");
        }
    })
    .await;
}
