//! Flags, files, and every bound of the process.

pub mod limits;
