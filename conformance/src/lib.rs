//! Holds Weir, or any proxy at an address, against what Go was recorded doing.
//!
//! Read it in this order: a [`scenario`] asks, a [`trace`] is Go's answer, a [`transcript`] shows both to a person, [`replay`] asks us.

pub mod attack;
pub mod compare;
pub mod evidence;
pub mod exceptions;
pub mod latin1;
pub mod manifest;
pub mod mask;
pub mod pattern;
pub mod process;
pub mod replay;
pub mod scenario;
pub mod simulator;
pub mod sockets;
pub mod strict;
pub mod subject;
pub mod target;
pub mod trace;
pub mod transcript;
