//! Requests in the query protocol: a form whose names are paths
//! (<https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>).

use std::collections::BTreeMap;

use crate::judge::Judge;
use crate::model::{Format, Member, Shape, Structure};
use crate::report::Place;

/// The form as a tree.
#[derive(Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn read(body: &[u8]) -> Self {
        let mut root = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let mut node = &mut root;
            for part in name.split('.') {
                node = node.children.entry(part.to_owned()).or_default();
            }
            node.text = Some(value.into_owned());
        }
        root
    }
}

impl Judge<'_> {
    pub(crate) fn form(&mut self, structure: Option<&Structure>, body: &[u8]) {
        let mut root = Node::read(body);
        root.children.remove("Action");
        let version = root.children.remove("Version").and_then(|node| node.text);
        if version.as_deref() != Some(&self.service.version) {
            let place = Place::BODY.member("Version");
            self.report
                .add(place, "another version, or none", &self.service.version);
        }
        match structure {
            Some(structure) => self.form_structure(structure, Place::BODY, &root),
            None => {
                for name in root.children.keys() {
                    self.report
                        .add(Place::BODY.member(name), "unknown member", "none");
                }
            }
        }
    }

    fn form_structure(&mut self, structure: &Structure, place: Place<'_>, node: &Node) {
        if node.text.is_some() {
            self.report.add(place, "text", "members");
        }
        for (name, child) in &node.children {
            let here = place.member(name);
            let mut members = structure.body();
            let member = members.find(|(member, described)| described.wire(member) == name);
            match member {
                Some((_, member)) => self.form_value(member, here, child),
                None => {
                    let known: Vec<&str> = structure.body().map(|(name, _)| name).collect();
                    self.report.add(here, "unknown member", known.join(", "));
                }
            }
        }
        self.members(structure, place, &|name| {
            let member = &structure.members[name];
            node.children.contains_key(member.wire(name))
        });
    }

    fn form_value(&mut self, member: &Member, place: Place<'_>, node: &Node) {
        let service = self.service;
        match service.shape(&member.shape) {
            Some(Shape::Structure(structure)) => self.form_structure(structure, place, node),
            Some(Shape::List(list)) => {
                let is_flat = list.flattened || member.flattened;
                let name = list.member.wire("member");
                let items = self.numbered(place, node, (!is_flat).then_some(name));
                self.length(list.range, place, items.len(), "items");
                for (index, item) in items.iter().enumerate() {
                    self.form_value(&list.member, place.item(index), item);
                }
            }
            Some(Shape::Map(map)) => {
                let is_flat = map.flattened || member.flattened;
                let entries = self.numbered(place, node, (!is_flat).then_some("entry"));
                self.length(map.range, place, entries.len(), "entries");
                for (index, entry) in entries.iter().enumerate() {
                    let here = place.item(index);
                    for (of, name) in [(&map.key, "key"), (&map.value, "value")] {
                        match entry.children.get(of.wire(name)) {
                            Some(part) => self.form_value(of, here.member(name), part),
                            None => self.report.add(here.member(name), "missing", "it"),
                        }
                    }
                }
            }
            Some(shape) => match &node.text {
                Some(text) if node.children.is_empty() => {
                    let timestamp = member.timestamp.unwrap_or(Format::Iso8601);
                    self.scalar(shape, timestamp, place, text);
                }
                Some(_) | None => self.report.add(place, "members", "text"),
            },
            None => {}
        }
    }

    /// The items of a list or a map, which are numbered from 1. An empty one is a name with an empty value.
    fn numbered<'n>(
        &mut self,
        place: Place<'_>,
        node: &'n Node,
        below: Option<&str>,
    ) -> Vec<&'n Node> {
        let is_empty = node.children.is_empty() && node.text.as_deref() == Some("");
        if is_empty {
            return Vec::new();
        }
        let holder = match below {
            Some(name) if node.children.len() == 1 => node.children.get(name),
            Some(_) => None,
            None => Some(node),
        };
        let Some(holder) = holder else {
            let contract = format!("items below {}", below.unwrap_or_default());
            self.report.add(place, "items of another form", contract);
            return Vec::new();
        };
        let items: Vec<&Node> = (1..)
            .map_while(|number: usize| holder.children.get(&number.to_string()))
            .collect();
        if items.len() != holder.children.len() || items.is_empty() {
            self.report
                .add(place, "items of another form", "items numbered from 1");
        }
        items
    }
}
