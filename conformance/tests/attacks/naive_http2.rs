//! The naive proxy's HTTP/2: it makes lines of fields without a look at them, and counts nothing.

use loona_hpack::Decoder;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::naive::Pool;

/// Serves one connection until the client leaves.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut client: S, pool: &Pool) -> Option<()> {
    let mut preface = [0; 24];
    client.read_exact(&mut preface).await.ok()?;
    client.write_all(&[0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]).await.ok()?;
    client.flush().await.ok()?;
    let mut decoder = Decoder::new();
    let mut request = Vec::new();
    loop {
        let mut head = [0; 9];
        client.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        client.read_exact(&mut payload).await.ok()?;
        match head[3] {
            HEADERS => request = lines(&decoder.decode(&payload).unwrap_or_default()),
            DATA => request.extend(payload),
            _ => continue,
        }
        if head[4] & END_STREAM != 0 {
            let method = request.split(|byte| *byte == b' ').next().unwrap_or_default().to_vec();
            let _answer = pool.ask(&request, &method).await?;
            // ":status: 200", indexed
            client.write_all(&[0, 0, 1, HEADERS, 5, head[5], head[6], head[7], head[8], 0x88]).await.ok()?;
            client.flush().await.ok()?;
        }
    }
}

/// A request of HTTP/1 out of fields.
fn lines(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let value = |wanted: &[u8]| fields.iter().find(|(name, _)| name == wanted).map_or(&b""[..], |(_, value)| value);
    let mut out =
        [value(b":method"), b" ", value(b":path"), b" HTTP/1.1\r\nhost: ", value(b":authority"), b"\r\n"].concat();
    for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with(b":")) {
        out.extend([name, &b": "[..], value, b"\r\n"].concat());
    }
    out.extend(b"\r\n");
    out
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
