use http::StatusCode;

use crate::{
    meta::{Layout, Value, encode_json},
    wire::{Answer, Body, Name, ResponseHead},
};

/// `/version`: the level of the Kubernetes API that is answered, and who answers it.
///
/// Go: `apiserver/pkg/server/routes/version.go`, `apimachinery/pkg/version/types.go` `Info`.
pub(super) fn answer() -> Answer {
    let mut head = ResponseHead::new(StatusCode::OK);
    head.headers.append(Name::CONTENT_TYPE, "application/json");
    Answer::Reply(Box::new(head), Body::whole(encode_json(&info(), Layout::Pretty)))
}

fn info() -> Value {
    let platform = format!("{}/{}", std::env::consts::OS, architecture());
    serde_json::json!({
        "major": MAJOR,
        "minor": MINOR,
        "emulationMajor": MAJOR,
        "emulationMinor": MINOR,
        "minCompatibilityMajor": MAJOR,
        "minCompatibilityMinor": MINOR,
        "gitVersion": format!("v{MAJOR}.{MINOR}.{PATCH}+weir.{}", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": platform,
    })
}

/// As Go names them.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The release of the Kubernetes API whose answers were recorded.
const MAJOR: &str = "1";
const MINOR: &str = "36";
const PATCH: &str = "6";
