use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What `kubectl` needs to know of a server.
///
/// Go: `client-go/tools/clientcmd/api/v1/types.go` `Config`.
#[derive(Clone, Copy, Debug)]
pub struct Kubeconfig<'a> {
    /// Where it answers: `https://127.0.0.1:6443`.
    pub server: &'a str,
    /// The authority of its certificate, as PEM.
    pub authority: &'a [u8],
    /// The name of the user.
    pub user: &'a str,
    /// The token of the user.
    pub token: &'a str,
}

impl Kubeconfig<'_> {
    /// The file.
    pub fn to_yaml(&self) -> String {
        let Self { server, user, token, .. } = self;
        let authority = STANDARD.encode(self.authority);
        format!(
            "\
apiVersion: v1
kind: Config
clusters:
- name: weir
  cluster:
    server: {server}
    certificate-authority-data: {authority}
users:
- name: {user}
  user:
    token: {token}
contexts:
- name: {user}@weir
  context:
    cluster: weir
    user: {user}
current-context: {user}@weir
"
        )
    }
}
