//! Documents and parts of documents in XML.

use roxmltree::{Document, Node};

use crate::judge::Judge;
use crate::model::{Format, List, Map, Member, Shape, Structure};
use crate::report::{Place, shown};

impl Judge<'_> {
    /// A document, where the bytes are one.
    pub(crate) fn document<'b>(&mut self, body: &'b [u8]) -> Option<Document<'b>> {
        let read = std::str::from_utf8(body)
            .ok()
            .and_then(|text| Document::parse(text).ok());
        if read.is_none() {
            self.report.add(Place::BODY, "bytes that are no XML", "XML");
        }
        read
    }

    /// Whether an element has this name. Without one the contract does not know it.
    pub(crate) fn is_named(&mut self, node: Node<'_, '_>, name: Option<&str>) -> bool {
        let found = node.tag_name().name();
        match name {
            Some(name) if name != found => {
                let what = format!("the element {}", shown(found));
                self.report.add(Place::BODY, what, name);
                false
            }
            Some(_) | None => true,
        }
    }

    pub(crate) fn xml_structure(
        &mut self,
        structure: &Structure,
        place: Place<'_>,
        node: Node<'_, '_>,
    ) {
        if text_of(node).trim() != "" {
            self.report.add(place, "text", "elements");
        }
        let mut seen: Vec<&str> = Vec::new();
        for child in node.children().filter(Node::is_element) {
            let element = child.tag_name().name();
            let here = place.member(element);
            let mut members = structure.body();
            let member = members.find(|(name, member)| self.element(name, member) == element);
            let Some((name, member)) = member else {
                let known: Vec<&str> = structure
                    .body()
                    .map(|(name, member)| self.element(name, member))
                    .collect();
                self.report.add(here, "unknown member", known.join(", "));
                continue;
            };
            if seen.contains(&name) && !self.is_flat(member) {
                self.report.add(here, "a second one", "one");
            }
            seen.push(name);
            match self.service.shape(&member.shape) {
                Some(Shape::List(list)) if self.is_flat(member) => {
                    self.xml(&list.member, here, child);
                }
                Some(Shape::Map(map)) if self.is_flat(member) => self.entry(map, here, child),
                Some(_) | None => self.xml(member, here, child),
            }
        }
        self.flat_lengths(structure, place, &seen);
        self.members(structure, place, &|name| {
            let member = &structure.members[name];
            member.location.is_some()
                || seen.contains(&name)
                || (member.attribute && has_attribute(node, member.wire(name)))
        });
    }

    fn flat_lengths(&mut self, structure: &Structure, place: Place<'_>, seen: &[&str]) {
        for (name, member) in structure.body() {
            let count = seen.iter().filter(|one| **one == name).count();
            if let (Some(Shape::List(list)), true) = (self.service.shape(&member.shape), count > 0)
                && self.is_flat(member)
            {
                self.length(list.range, place.member(name), count, "items");
            }
        }
    }

    fn xml(&mut self, member: &Member, place: Place<'_>, node: Node<'_, '_>) {
        let service = self.service;
        match service.shape(&member.shape) {
            Some(Shape::Structure(structure)) => self.xml_structure(structure, place, node),
            Some(Shape::List(list)) => self.list(list, place, node),
            Some(Shape::Map(map)) => {
                let entries: Vec<_> = node.children().filter(Node::is_element).collect();
                self.length(map.range, place, entries.len(), "entries");
                for (index, entry) in entries.into_iter().enumerate() {
                    self.entry(map, place.item(index), entry);
                }
            }
            Some(shape) => {
                if node.children().any(|child| child.is_element()) {
                    self.report.add(place, "elements", "text");
                    return;
                }
                let timestamp = member.timestamp.unwrap_or(Format::Iso8601);
                self.scalar(shape, timestamp, place, &text_of(node));
            }
            None => {}
        }
    }

    fn list(&mut self, list: &List, place: Place<'_>, node: Node<'_, '_>) {
        let items: Vec<_> = node.children().filter(Node::is_element).collect();
        self.length(list.range, place, items.len(), "items");
        let name = list.member.wire("member");
        for (index, item) in items.into_iter().enumerate() {
            let here = place.item(index);
            let found = item.tag_name().name();
            if found == name {
                self.xml(&list.member, here, item);
            } else {
                self.report
                    .add(here, format!("the element {}", shown(found)), name);
            }
        }
    }

    fn entry(&mut self, map: &Map, place: Place<'_>, node: Node<'_, '_>) {
        for (of, name) in [(&map.key, "key"), (&map.value, "value")] {
            let name = of.wire(name);
            let mut children = node.children();
            match children.find(|child| child.tag_name().name() == name) {
                Some(part) => self.xml(of, place.member(name), part),
                None => self.report.add(place.member(name), "missing", "it"),
            }
        }
    }

    fn is_flat(&self, member: &Member) -> bool {
        member.flattened
            || match self.service.shape(&member.shape) {
                Some(Shape::List(list)) => list.flattened,
                Some(Shape::Map(map)) => map.flattened,
                Some(
                    Shape::Structure(_)
                    | Shape::String(_)
                    | Shape::Integer(_)
                    | Shape::Double(_)
                    | Shape::Boolean {}
                    | Shape::Blob(_)
                    | Shape::Timestamp(_)
                    | Shape::Stream {},
                )
                | None => false,
            }
    }

    /// The name of a member's element: of a flattened list, that of its items.
    fn element<'m>(&self, name: &'m str, member: &'m Member) -> &'m str
    where
        Self: 'm,
    {
        if self.is_flat(member)
            && let Some(Shape::List(list)) = self.service.shapes.get(&member.shape)
            && let Some(item) = &list.member.name
        {
            return item;
        }
        member.wire(name)
    }
}

/// All text of an element: comments and character data may divide it.
fn text_of(node: Node<'_, '_>) -> String {
    node.children()
        .filter(Node::is_text)
        .filter_map(|child| child.text())
        .collect()
}

fn has_attribute(node: Node<'_, '_>, name: &str) -> bool {
    let local = name.rsplit(':').next().unwrap_or(name);
    node.attributes().any(|attribute| attribute.name() == local)
}
