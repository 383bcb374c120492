//! A page as a tree that can be changed and serialised to HTML.

use std::{fmt::Write, rc::Rc};

use scraper::{Html, Node as Parsed};

/// An index into [`Tree::nodes`].
pub(crate) type Id = usize;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) parent: Id,
    pub(crate) children: Vec<Id>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Element(Rc<str>, Vec<(Rc<str>, Rc<str>)>),
    Text(Rc<str>),
    Comment(Rc<str>),
    /// The document itself.
    Root,
}

#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// All nodes. The first is the root. A detached node stays here, and is not a child of any other.
    pub(crate) nodes: Vec<Node>,
}

const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
];

impl Tree {
    pub(crate) fn parse(page: &str) -> Self {
        let html = Html::parse_document(page);
        let mut tree = Self {
            nodes: vec![Node {
                kind: Kind::Root,
                parent: 0,
                children: Vec::new(),
            }],
        };
        let mut open = vec![(html.tree.root(), 0)];
        while let Some((parsed, parent)) = open.pop() {
            for child in parsed.children() {
                let kind = match child.value() {
                    Parsed::Element(element) => Kind::Element(
                        element.name().into(),
                        element
                            .attrs()
                            .map(|(name, value)| (name.into(), value.into()))
                            .collect(),
                    ),
                    Parsed::Text(text) => Kind::Text((&**text).into()),
                    Parsed::Comment(comment) => Kind::Comment((&**comment).into()),
                    _ => continue,
                };
                let id = tree.add(kind, parent);
                tree.nodes[parent].children.push(id);
                open.push((child, id));
            }
        }
        tree
    }

    /// Adds a node, without making it a child of its parent.
    pub(crate) fn add(&mut self, kind: Kind, parent: Id) -> Id {
        self.nodes.push(Node {
            kind,
            parent,
            children: Vec::new(),
        });
        self.nodes.len() - 1
    }

    pub(crate) fn name(&self, id: Id) -> &str {
        match &self.nodes[id].kind {
            Kind::Element(name, _) => name,
            _ => "",
        }
    }

    pub(crate) fn attribute(&self, id: Id, name: &str) -> Option<&str> {
        let Kind::Element(_, attributes) = &self.nodes[id].kind else {
            return None;
        };
        let (_, value) = attributes.iter().find(|(known, _)| &**known == name)?;
        Some(value)
    }

    /// The text of the node's own children.
    pub(crate) fn own_text(&self, id: Id) -> String {
        let texts = self.nodes[id]
            .children
            .iter()
            .filter_map(|&child| match &self.nodes[child].kind {
                Kind::Text(text) => Some(&**text),
                _ => None,
            });
        texts.collect()
    }

    /// All nodes below the root, in document order.
    pub(crate) fn in_order(&self) -> Vec<Id> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut open: Vec<Id> = self.nodes[0].children.iter().rev().copied().collect();
        while let Some(id) = open.pop() {
            order.push(id);
            open.extend(self.nodes[id].children.iter().rev());
        }
        order
    }

    pub(crate) fn to_html(&self) -> String {
        let mut html = String::from("<!DOCTYPE html>");
        for &child in &self.nodes[0].children {
            self.write(child, &mut html);
        }
        html
    }

    fn write(&self, id: Id, html: &mut String) {
        match &self.nodes[id].kind {
            Kind::Root => {}
            Kind::Comment(text) => _ = write!(html, "<!--{text}-->"),
            Kind::Text(text) => {
                let is_raw = matches!(
                    self.name(self.nodes[id].parent),
                    "script" | "style" | "noscript" | "iframe"
                );
                if is_raw {
                    html.push_str(text);
                } else {
                    escape(text, html);
                }
            }
            Kind::Element(name, attributes) => {
                _ = write!(html, "<{name}");
                for (name, value) in attributes {
                    _ = write!(html, " {name}=\"");
                    escape(value, html);
                    html.push('"');
                }
                html.push('>');
                if VOID.contains(&&**name) {
                    return;
                }
                for &child in &self.nodes[id].children {
                    self.write(child, html);
                }
                _ = write!(html, "</{name}>");
            }
        }
    }
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            character => html.push(character),
        }
    }
}
