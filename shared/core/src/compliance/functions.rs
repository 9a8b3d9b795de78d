//! What the sweep checks of the functions that actions call.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use lockstep_domain::arn::FunctionArn;
use lockstep_domain::compliance::function_checks;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::Row;

use super::sweep::{AT_ONCE, Sweep, of_binding};

impl Sweep<'_> {
    /// Each function once, however many actions call it.
    pub(super) async fn functions(&self) -> Vec<Row> {
        let mut named: BTreeMap<&FunctionArn, &Key> = BTreeMap::new();
        for action in self.actions {
            named.entry(&action.function).or_insert(&action.key);
        }
        let named = Vec::from_iter(named);
        let config = &self.world.config;
        let mut rows = Vec::new();
        for some in named.chunks(AT_ONCE) {
            let looks = some.iter().map(async |&(function, key)| {
                let observed = self.world.functions.observe(function).await;
                let observed = observed.map_err(|error| error.to_string());
                let rows = function_checks(function, &config.account, &config.region, &observed);
                of_binding(rows, key)
            });
            rows.extend(join_all(looks).await.into_iter().flatten());
        }
        rows
    }
}
