//! Puts servers together.
