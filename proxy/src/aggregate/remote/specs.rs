use std::{collections::BTreeMap, sync::Arc};

use http::StatusCode;

use super::{Request, Unheard, ask};
use crate::{
    aggregate::{
        proxy::Proxy,
        queue::{Backoff, Look, Next},
        table::{Aggregation, Destination},
    },
    config::limits,
    identity::User,
    openapi::{Specs, read_index},
};

/// Finds out where backends describe what they serve, for `/openapi/v3`. The documents themselves are asked for by clients.
///
/// Go: `kube-aggregator/pkg/controllers/openapiv3`.
#[derive(Debug)]
pub(in crate::aggregate) struct RemoteSpecs<'a> {
    aggregation: &'a Arc<Aggregation>,
    proxy: &'a Proxy,
    specs: &'a Specs,
}

impl<'a> RemoteSpecs<'a> {
    /// Nothing is known yet.
    pub(in crate::aggregate) fn new(aggregation: &'a Arc<Aggregation>, proxy: &'a Proxy, specs: &'a Specs) -> Self {
        Self { aggregation, proxy, specs }
    }
}

impl Look for RemoteSpecs<'_> {
    const HANDS: usize = limits::DISCOVERY_FETCHES_MAX;
    const BACKOFF: Backoff = Backoff { first: limits::SPECS_INTERVAL, max: limits::SPECS_BACKOFF_MAX };

    async fn look_at(&self, name: &str) -> Next {
        let table = self.aggregation.table();
        let Some(to) = table.named(name).filter(|backend| backend.is_remote()).map(|found| table.destination(found))
        else {
            self.specs.remove(name);
            return Next::Never;
        };
        drop(table); // a guard is not kept while others are waited for
        match self.index(&to).await {
            Ok(index) => {
                self.specs.set_remote(name, index);
                Next::After(limits::SPECS_INTERVAL)
            }
            Err(error) => {
                tracing::debug!(apiservice = name, %error, "a backend does not describe what it serves");
                Next::Retry
            }
        }
    }
}

impl RemoteSpecs<'_> {
    /// What the backend says of its own version: of others it is not asked, whatever it lists.
    async fn index(&self, to: &Destination) -> Result<BTreeMap<String, String>, Unheard> {
        let user = User::named("system:aggregator");
        let timeout = limits::SPECS_TIMEOUT;
        let request = Request { user: &user, path: "/openapi/v3", accept: None, etag: None, timeout };
        let fetched = ask(self.proxy, to, request).await?;
        if fetched.status != StatusCode::OK {
            return Err(Unheard::Status(fetched.status.as_u16()));
        }
        let mut index = read_index(&fetched.body).map_err(|error| Unheard::Unreadable(error.to_string()))?;
        let own = to.backend.document();
        index.retain(|path, _| *path == own[1..]);
        Ok(index)
    }
}
