//! What an aggregator has to be told.

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// A Service that stands for this machine, and the APIService that sends requests to it.
pub(crate) fn text(ca_bundle: &str, port: u16) -> String {
    let ca_bundle = BASE64_STANDARD.encode(ca_bundle);
    format!(
        "\
apiVersion: v1
kind: Service
metadata:
  name: wardle
  namespace: default
spec:
  type: ExternalName
  externalName: localhost
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata:
  name: v1alpha1.wardle.example.com
spec:
  group: wardle.example.com
  version: v1alpha1
  groupPriorityMinimum: 1000
  versionPriority: 15
  service:
    namespace: default
    name: wardle
    port: {port}
  caBundle: {ca_bundle}
"
    )
}
