//! Cluster addresses: each is a record that one Service holds, so that no two have the same.
//!
//! Go keeps a bitmap (or IPAddress objects); here the record is written in the transaction that writes the Service.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

use serde_json::json;

use super::{Registry, refuse};
use crate::{
    config::limits::CLUSTER_IP_ATTEMPTS_MAX,
    meta::{FieldError, Object, Status},
    rest::{
        kinds::{Kind, service},
        options::DryRun,
        strategy::Allow,
    },
    storage::{Expect, Key, ListAt, Op, Revision, Txn},
};

/// Services get their addresses here: `10.96.0.0/12`, the default of kube-apiserver's installers.
const FIRST: u32 = u32::from_be_bytes([10, 96, 0, 0]);
const ADDRESSES: u32 = 1 << 20;

/// Addresses that are taken and given back when a Service is written.
#[derive(Debug, Default)]
pub(super) struct Claims {
    taken: Vec<IpAddr>,
    given_back: Vec<IpAddr>,
}

impl Claims {
    /// Makes them part of a transaction: it fails if an address is held already.
    pub(super) fn add_to(&self, txn: &mut Txn) {
        for ip in &self.taken {
            txn.expect.push(Expect { key: key_of(*ip), modified: Revision::ZERO });
            txn.then.push(Op::Put { key: key_of(*ip), value: bytes::Bytes::from_static(b"{}") });
        }
        txn.then.extend(self.given_back.iter().map(|ip| Op::Delete(key_of(*ip))));
    }

    /// All addresses of a Service that goes.
    pub(super) fn of_removed(kind: &Kind, object: &Object) -> Self {
        Self { taken: Vec::new(), given_back: held(kind, object).into_iter().collect() }
    }
}

impl Registry {
    /// Decides the addresses of a Service that is to be written, and says which records change with it.
    pub(super) async fn claim(
        &self,
        kind: &'static Kind,
        object: &mut Object,
        old: Option<&Object>,
        dry_run: DryRun,
    ) -> Result<Claims, Status> {
        if !is_service(kind) {
            return Ok(Claims::default());
        }
        let wrong = service::validate_addresses(object);
        if !wrong.is_empty() {
            return Err(Status::invalid(&kind.group_kind(), object.name(), &wrong));
        }
        let held_before = old.map(|old| held(kind, old)).unwrap_or_default();
        if service::needs_cluster_ip(object) && object.text(&["spec", "clusterIP"]).is_empty() {
            let ip = self.free_address().await?;
            object.set(&["spec", "clusterIP"], ip.to_string().into());
        }
        if service::needs_cluster_ip(object) {
            service::complete(object);
        }
        let held_now = held(kind, object);
        let taken: Vec<IpAddr> = held_now.difference(&held_before).copied().collect();
        for ip in &taken {
            if !in_range(*ip) && self.0.allow == Allow::Nothing {
                let detail = "provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/12";
                return Err(not_allocated(kind, object, *ip, detail));
            }
            if self.is_taken(*ip).await? {
                return Err(not_allocated(kind, object, *ip, "provided IP is already allocated"));
            }
        }
        if dry_run == DryRun::All {
            return Ok(Claims::default());
        }
        Ok(Claims { given_back: held_before.difference(&held_now).copied().collect(), taken })
    }

    async fn free_address(&self) -> Result<IpAddr, Status> {
        let mut dice = self.dice("cluster IP");
        for _ in 0..CLUSTER_IP_ATTEMPTS_MAX {
            // Neither the address of the network nor its broadcast.
            let nth = 1 + dice.below(u64::from(ADDRESSES) - 2) as u32;
            let ip = IpAddr::V4(Ipv4Addr::from_bits(FIRST + nth));
            if !self.is_taken(ip).await? {
                return Ok(ip);
            }
        }
        Err(Status::internal_error("failed to allocate a serviceIP: range is full"))
    }

    async fn is_taken(&self, ip: IpAddr) -> Result<bool, Status> {
        let found = self.0.cache.get(&key_of(ip), ListAt::Latest).await;
        let (_, record) = found.map_err(|error| refuse(&error, ListAt::Latest))?;
        Ok(record.is_some())
    }
}

fn is_service(kind: &Kind) -> bool {
    kind.resource == "services" && kind.group.is_empty()
}

fn held(kind: &Kind, object: &Object) -> BTreeSet<IpAddr> {
    if is_service(kind) { service::cluster_ips(object).collect() } else { BTreeSet::new() }
}

fn key_of(ip: IpAddr) -> Key {
    format!("/registry/services/clusterips/{ip}").into()
}

fn in_range(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().checked_sub(FIRST).is_some_and(|nth| nth > 0 && nth < ADDRESSES - 1),
        IpAddr::V6(_) => false,
    }
}

/// Go: `kubernetes/pkg/registry/core/service/storage/alloc.go` `allocIPs`.
fn not_allocated(kind: &Kind, object: &Object, ip: IpAddr, why: &str) -> Status {
    let shown = object.get(&["spec", "clusterIPs"]).cloned().unwrap_or_else(|| json!([ip.to_string()]));
    let wrong = FieldError::invalid("spec.clusterIPs", &shown, format!("failed to allocate IP {ip}: {why}"));
    Status::invalid(&kind.group_kind(), object.name(), &[wrong])
}
