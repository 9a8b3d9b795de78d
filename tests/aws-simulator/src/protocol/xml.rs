//! Writing XML.

/// An element. Children come out in the order in which they were added.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    name: String,
    attributes: String,
    content: String,
}

impl Element {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            attributes: String::new(),
            content: String::new(),
        }
    }

    pub(crate) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes
            .push_str(&format!(" {name}=\"{}\"", escaped(value)));
        self
    }

    /// A child with text in it.
    pub(crate) fn text(mut self, name: &str, text: impl AsRef<str>) -> Self {
        let text = escaped(text.as_ref());
        self.content.push_str(&format!("<{name}>{text}</{name}>"));
        self
    }

    /// A child with text in it, where there is some.
    pub(crate) fn some_text(self, name: &str, text: Option<impl AsRef<str>>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    pub(crate) fn child(mut self, child: Self) -> Self {
        self.content.push_str(&child.render());
        self
    }

    pub(crate) fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    fn render(&self) -> String {
        let Self {
            name,
            attributes,
            content,
        } = self;
        format!("<{name}{attributes}>{content}</{name}>")
    }

    /// As a document of its own.
    pub(crate) fn document(&self) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
            self.render()
        )
    }
}

/// The characters that XML 1.0 wants escaped, and the line ends that a reader would change.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_xml_is_escaped() {
        let element = Element::new("A")
            .attribute("b", "\"<")
            .text("C", "x & <y>")
            .child(Element::new("D"));
        assert_eq!(
            element.render(),
            "<A b=\"&quot;&lt;\"><C>x &amp; &lt;y&gt;</C><D></D></A>"
        );
    }
}
