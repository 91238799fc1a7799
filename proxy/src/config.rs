//! Flags and every bound of the process. Past this room nothing is parsed from text again.

pub mod certificates;
mod duration;
pub mod flags;
mod kubeconfig;
pub mod limits;

pub use self::{
    duration::{BadDuration, parse_duration},
    flags::{BadFlag, Cli, Command, ReverseProxyFlags, ServeFlags},
    kubeconfig::Kubeconfig,
};
