//! Weir: an aggregating API reverse proxy that answers as Go's does.
//!
//! The rooms below stand in the order of the house, from the ground up: a room uses rooms above it in this list, never below it.
//! `docs/architecture.md` draws them.

pub mod world;

pub mod wire;

pub mod config;

pub mod meta;

pub mod identity;

pub mod refusal;

pub mod observe;

pub mod storage;

pub mod upstream;

pub mod forward;
pub mod upgrade;

pub mod rest;

pub mod discovery;
pub mod openapi;

pub mod aggregate;

pub mod router;

pub mod chain;
pub mod listen;
pub mod serve;
