//! Budgets, the cache, the outgoing filter and completion.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Resolver;
use crate::config::check::join;
use crate::config::decimal::to_units;
use crate::config::error::FaultKind;
use crate::config::raw;
use crate::model::{Budget, CacheSettings, CompletionSettings, Money, OutgoingFilter, OutgoingRules, Role};
use crate::ports::Thresholds;

/// Places behind the point that an amount of money has.
pub(in crate::config) const MONEY_PLACES: usize = 12;

impl Resolver<'_> {
    pub(super) fn budget(&mut self, roles: &BTreeMap<Role, Vec<String>>) -> Budget {
        let raw = &self.file.budget;
        if raw.request.or(raw.session).or(raw.day).is_some() {
            self.prices_for_budget(roles);
        }
        Budget {
            request: self.money("budget.request", raw.request),
            session: self.money("budget.session", raw.session),
            day: self.money("budget.day", raw.day),
            day_tokens: raw.day_tokens,
        }
    }

    /// What a model without a price costs would never be noticed.
    fn prices_for_budget(&mut self, roles: &BTreeMap<Role, Vec<String>>) {
        for name in roles.values().flatten().collect::<BTreeSet<_>>() {
            if self.file.models.get(name).is_some_and(|model| model.price.is_none()) {
                self.fault(&join("models", name), FaultKind::NoPrice);
            }
        }
    }

    fn money(&mut self, key: &str, typed: Option<f64>) -> Option<Money> {
        let money = to_units(typed?, MONEY_PLACES);
        if money.is_none() {
            self.fault(key, FaultKind::OutOfRange(format!("written with at most {MONEY_PLACES} decimals")));
        }
        money.map(Money)
    }

    pub(super) fn outgoing(&mut self) -> OutgoingRules {
        let raw = &self.file.outgoing;
        for (index, glob) in raw.deny.iter().enumerate() {
            // Each by itself, so that every bad one is named.
            let rules = OutgoingRules { deny: vec![glob.clone()], ..OutgoingRules::default() };
            if let Err(bad) = OutgoingFilter::new(&rules) {
                self.fault(&format!("outgoing.deny[{index}]"), FaultKind::BadGlob(bad.reason));
            }
        }
        let default = OutgoingRules::default();
        OutgoingRules {
            deny: raw.deny.clone(),
            redact: raw.redact.unwrap_or(default.redact),
            max_bytes: raw.max_bytes.unwrap_or(default.max_bytes),
        }
    }
}

pub(super) fn cache(raw: &raw::Cache) -> CacheSettings {
    let default = CacheSettings::default();
    CacheSettings {
        enabled: raw.enabled.unwrap_or(default.enabled),
        time_to_live: raw.ttl_seconds.map_or(default.time_to_live, Duration::from_secs),
        memory_bytes: raw.memory_bytes.unwrap_or(default.memory_bytes),
        disk_bytes: raw.disk_bytes.unwrap_or(default.disk_bytes),
    }
}

pub(super) fn completion(raw: &raw::Completion) -> CompletionSettings {
    let default = CompletionSettings::default();
    CompletionSettings {
        debounce: raw.debounce_ms.map_or(default.debounce, |n| Duration::from_millis(n.into())),
        max_output: raw.max_output.unwrap_or(default.max_output),
        context_bytes: raw.context_bytes.map_or(default.context_bytes, |n| n as usize),
    }
}

pub(super) fn alerts(raw: &raw::Alerts) -> Thresholds {
    let default = Thresholds::default();
    Thresholds {
        enabled: raw.enabled.unwrap_or(default.enabled),
        error_percent: raw.error_percent.unwrap_or(default.error_percent),
        window: raw.window.unwrap_or(default.window),
        lost_entries: raw.lost_entries.unwrap_or(default.lost_entries),
        queue_length: raw.queue_length.unwrap_or(default.queue_length),
        budget_percent: raw.budget_percent.unwrap_or(default.budget_percent),
    }
}
