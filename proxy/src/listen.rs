//! Sockets, TLS, accept, drain.
