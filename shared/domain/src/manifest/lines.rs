//! Where a manifest names what: the line of each entry, for reports that point at the file.

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::Place;
use super::tree::Tree;
use crate::compliance::exception_resource;
use crate::ids::Key;
use crate::ledger::ManifestPlace;

/// The places of a manifest's text that name something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Actions and credentials, by key.
    bindings: BTreeMap<String, ManifestPlace>,
    /// Roles by name, and secrets, functions and clients by ARN: the first place of each.
    named: BTreeMap<String, ManifestPlace>,
    /// The line of the key `organization`.
    organization: u32,
}

impl Lines {
    /// Of a text. One that is not YAML names nothing.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut lines = Self {
            organization: 1,
            ..Self::default()
        };
        let Ok(tree) = Tree::parse(text, &mut Vec::new()) else {
            return lines;
        };
        let document = tree.to_value();
        let organization = Place::root().key("organization");
        lines.organization = tree.line(&organization);
        let at = |place: &Place| ManifestPlace {
            at: place.to_string(),
            line: tree.line(place),
        };
        let mut name = |value: &Value, place: &Place| {
            if let Some(text) = value.as_str() {
                lines
                    .named
                    .entry(text.to_owned())
                    .or_insert_with(|| at(place));
            }
        };
        let each = |list: &str| {
            let place = Place::root().key(list);
            let entries = document[list].as_array().cloned().unwrap_or_default();
            let entries = entries.into_iter().enumerate();
            entries
                .map(|(index, entry)| (place.index(index), entry))
                .collect::<Vec<_>>()
        };
        for (place, entry) in each("integrations") {
            name(&entry["role"], &place.key("role"));
        }
        for (place, entry) in each("actions") {
            name(&entry["function"], &place.key("function"));
            let secrets = entry["secrets"].as_array().into_iter().flatten();
            for (index, secret) in secrets.enumerate() {
                name(
                    &secret["arn"],
                    &place.key("secrets").index(index).key("arn"),
                );
            }
        }
        for (place, entry) in each("credentials") {
            name(&entry["secret"], &place.key("secret"));
        }
        let client = &document["organization"]["client_secret"];
        name(client, &organization.key("client_secret"));
        let rotated = &document["organization"]["rotated_clients"];
        for (index, client) in rotated.as_array().into_iter().flatten().enumerate() {
            name(client, &organization.key("rotated_clients").index(index));
        }
        for (place, entry) in each("exceptions") {
            if let (Some(check), Some(resource)) =
                (entry["check"].as_str(), entry["resource"].as_str())
            {
                let named = exception_resource(check, resource);
                lines.named.entry(named).or_insert_with(|| at(&place));
            }
        }
        for (place, entry) in each("actions").into_iter().chain(each("credentials")) {
            if let Some(key) = entry["key"].as_str() {
                lines.bindings.insert(key.to_owned(), at(&place));
            }
        }
        lines
    }

    /// The line of the key `organization`, counted from 1.
    #[must_use]
    pub fn organization(&self) -> u32 {
        self.organization
    }

    /// The place that names a resource, or else the entry of the binding that it belongs to.
    #[must_use]
    pub fn place(&self, resource: &str, key: Option<&Key>) -> Option<&ManifestPlace> {
        let role = resource.rsplit_once(":role/").map(|(_, name)| name);
        let named = self.named.get(resource);
        let named = named.or_else(|| self.named.get(role?));
        named.or_else(|| self.bindings.get(key?.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
version: 1
organization:
  id: org-1
  client_secret: arn:client
integrations:
  - {key: prod, name: Production, role: GenesysRole}
actions:
  - key: orders
    function: arn:function
    secrets:
      - {name: DB, arn: arn:db}
  - key: invoices
    function: arn:function
credentials:
  - {key: crm, secret: arn:db}
exceptions:
  - {check: LS-SECRET-AGE, resource: arn:db}
";

    fn line(resource: &str, key: Option<&str>) -> Option<(String, u32)> {
        let key: Option<Key> = key.map(|key| key.parse().unwrap());
        let lines = Lines::of(TEXT);
        let place = lines.place(resource, key.as_ref())?;
        Some((place.at.clone(), place.line))
    }

    #[test]
    fn a_resource_is_found_where_it_is_named_first() {
        assert_eq!(
            line("arn:db", Some("crm")),
            Some(("actions[0].secrets[0].arn".into(), 11))
        );
        assert_eq!(
            line("arn:aws:iam::123456789012:role/GenesysRole", None),
            Some(("integrations[0].role".into(), 6))
        );
        assert_eq!(
            line("arn:client", None),
            Some(("organization.client_secret".into(), 4))
        );
    }

    #[test]
    fn what_no_entry_names_is_found_by_its_binding() {
        assert_eq!(
            line("genesys:action/a-1", Some("invoices")),
            Some(("actions[1]".into(), 12))
        );
        assert_eq!(line("genesys:credential/c-1", Some("crm")).unwrap().1, 15);
        let exception = "lockstep:exception/LS-SECRET-AGE/arn:db";
        assert_eq!(line(exception, None), Some(("exceptions[0]".into(), 17)));
        assert_eq!(line("genesys:action/a-1", None), None);
        assert_eq!(Lines::of(TEXT).organization(), 2);
    }

    #[test]
    fn a_text_that_is_not_yaml_names_nothing() {
        let lines = Lines::of("{");
        assert_eq!(lines.place("arn:db", None), None);
        assert_eq!(lines.organization(), 1);
    }
}
