//! 101 and tunnels.
