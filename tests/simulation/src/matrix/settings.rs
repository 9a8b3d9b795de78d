//! Settings of the simulator's switches: single ones, pairs, and a small set that has every pair.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use genesys_simulator::switches::Switches;
use serde_json::Value;

use super::ends::{End, end_of};

/// A switch and its values; the first is the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// Two values of two switches: `(switch, value)` twice, by place, the lower switch first.
pub type Pair = ((usize, usize), (usize, usize));

/// The values of all switches, by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Vec<usize>);

/// All switches that the simulator has.
pub fn switches() -> Vec<Switch> {
    let described = Switches::default().describe();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |switch: &Value| Switch {
        name: text(&switch["name"]),
        values: switch["values"]
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .collect(),
    };
    described.as_array().into_iter().flatten().map(of).collect()
}

impl Row {
    /// Everything at its default.
    pub fn defaults(all: &[Switch]) -> Self {
        Self(vec![0; all.len()])
    }

    fn with(mut self, (switch, value): (usize, usize)) -> Self {
        self.0[switch] = value;
        self
    }

    /// Name and value of every switch.
    pub fn settings<'a>(
        &'a self,
        all: &'a [Switch],
    ) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        all.iter()
            .zip(&self.0)
            .map(|(switch, value)| (switch.name.as_str(), switch.values[*value].as_str()))
    }

    /// The value of a switch, by name.
    pub fn value<'a>(&'a self, all: &'a [Switch], name: &str) -> &'a str {
        let found = self.settings(all).find(|(known, _)| *known == name);
        found.map_or_else(|| panic!("there is no switch {name}"), |(_, value)| value)
    }

    /// The settings that are not the default.
    pub fn changed<'a>(&'a self, all: &'a [Switch]) -> Vec<(&'a str, &'a str)> {
        self.settings(all)
            .zip(&self.0)
            .filter(|(_, value)| **value != 0)
            .map(|(setting, _)| setting)
            .collect()
    }

    /// The row as a failure names it.
    pub fn named(&self, all: &[Switch]) -> String {
        let changed: Vec<String> = self
            .changed(all)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if changed.is_empty() {
            "all defaults".to_owned()
        } else {
            changed.join(", ")
        }
    }
}

/// Every value of every switch.
fn values(all: &[Switch]) -> impl Iterator<Item = (usize, usize)> + '_ {
    all.iter()
        .enumerate()
        .flat_map(|(switch, one)| (0..one.values.len()).map(move |value| (switch, value)))
}

/// One row for each setting that is not the default.
pub fn single(all: &[Switch]) -> Vec<Row> {
    values(all)
        .filter(|(_, value)| *value != 0)
        .map(|setting| Row::defaults(all).with(setting))
        .collect()
}

/// One row for each pair of settings that are not the default.
pub fn double(all: &[Switch]) -> Vec<Row> {
    pairs(all)
        .into_iter()
        .filter(|(one, other)| one.1 != 0 && other.1 != 0)
        .map(|(one, other)| Row::defaults(all).with(one).with(other))
        .collect()
}

/// Every pair of values of two switches.
pub fn pairs(all: &[Switch]) -> BTreeSet<Pair> {
    let each = || values(all);
    each()
        .flat_map(|one| each().map(move |other| (one, other)))
        .filter(|(one, other)| one.0 < other.0)
        .collect()
}

/// The pairs in a row.
pub fn pairs_in(row: &Row) -> impl Iterator<Item = Pair> + '_ {
    let each = || row.0.iter().copied().enumerate();
    each().flat_map(move |one| each().skip(one.0 + 1).map(move |other| (one, other)))
}

/// A small set of rows in which every pair of values of all switches occurs. A pair that can end as
/// verified occurs in a row that does: one setting that ends otherwise would hide what the others do.
pub fn covering(all: &[Switch]) -> Vec<Row> {
    let calm: BTreeSet<(usize, usize)> = values(all)
        .filter(|setting| ends_verified(all, &Row::defaults(all).with(*setting)))
        .collect();
    let mut open = pairs(all);
    let mut rows = Vec::new();
    for only_calm in [true, false] {
        let allowed = |setting: &(usize, usize)| !only_calm || calm.contains(setting);
        while let Some(start) = open
            .iter()
            .copied()
            .find(|(one, other)| allowed(one) && allowed(other))
        {
            let row = grown(all, start, &open, allowed);
            for pair in pairs_in(&row) {
                open.remove(&pair);
            }
            rows.push(row);
        }
    }
    rows
}

fn ends_verified(all: &[Switch], row: &Row) -> bool {
    end_of(all, row) == End::Verified
}

/// A row with a pair in it and, one by one, the setting that brings the most open pairs with it.
fn grown(
    all: &[Switch],
    (one, other): Pair,
    open: &BTreeSet<Pair>,
    allowed: impl Fn(&(usize, usize)) -> bool,
) -> Row {
    let mut with_any = BTreeMap::<(usize, usize), usize>::new();
    for setting in open.iter().flat_map(|(one, other)| [one, other]) {
        *with_any.entry(*setting).or_default() += 1;
    }
    let mut fixed = vec![one, other];
    let mut row = Row::defaults(all).with(one).with(other);
    let is_open = |one: (usize, usize), other: (usize, usize)| {
        open.contains(&(one.min(other), one.max(other)))
    };
    while fixed.len() < all.len() {
        let is_free = |(switch, _): &(usize, usize)| fixed.iter().all(|(known, _)| known != switch);
        let with_fixed = |setting| fixed.iter().filter(|one| is_open(setting, **one)).count();
        let with_any = |setting| with_any.get(&setting).copied().unwrap_or_default();
        // The first of the best, so that the rows are the same each time.
        let best = values(all)
            .filter(is_free)
            .filter(&allowed)
            .max_by_key(|setting| (with_fixed(*setting), with_any(*setting), Reverse(*setting)));
        let Some(best) = best else { break };
        fixed.push(best);
        row = row.with(best);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_values_of_all_switches_is_covered() {
        let all = switches();
        let rows = covering(&all);
        let covered: BTreeSet<Pair> = rows.iter().flat_map(pairs_in).collect();
        assert_eq!(covered, pairs(&all));
        // Far fewer than all combinations.
        assert!(rows.len() < 30, "{} rows", rows.len());
    }

    #[test]
    fn a_pair_that_can_be_verified_is_covered_by_a_row_that_is() {
        let all = switches();
        let rows = covering(&all);
        let verified = rows.iter().filter(|row| ends_verified(&all, row));
        let covered: BTreeSet<Pair> = verified.flat_map(pairs_in).collect();
        for pair in pairs(&all) {
            let row = Row::defaults(&all).with(pair.0).with(pair.1);
            let wanted = ends_verified(&all, &row);
            assert_eq!(covered.contains(&pair), wanted, "{}", row.named(&all));
        }
    }

    #[test]
    fn the_rows_are_the_same_each_time() {
        let all = switches();
        assert_eq!(covering(&all), covering(&all));
    }

    #[test]
    fn each_setting_and_each_pair_of_settings_occurs_alone_once() {
        let all = switches();
        let settings: usize = all.iter().map(|switch| switch.values.len() - 1).sum();
        assert_eq!(single(&all).len(), settings);
        let same: usize = all
            .iter()
            .map(|switch| switch.values.len() - 1)
            .map(|other| other * other.saturating_sub(1) / 2)
            .sum();
        let wanted = settings * (settings - 1) / 2 - same;
        let names: BTreeSet<String> = double(&all).iter().map(|row| row.named(&all)).collect();
        assert_eq!(names.len(), wanted);
        assert!(double(&all).iter().all(|row| row.changed(&all).len() == 2));
    }
}
