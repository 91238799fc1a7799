//! The reverse-proxy core.
