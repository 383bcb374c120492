//! The tree that html5ever's tree builder builds, and a count of the builder's operations on it.

use std::{borrow::Cow, cell::Cell};

use html5ever::{
    Attribute, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    tendril::StrTendril,
};
use scraper::{Html, HtmlTreeSink};

use crate::work;

pub(super) type NodeId = <HtmlTreeSink as TreeSink>::Handle;

/// Moving this number of attributes in memory takes as long as one step.
const ATTRIBUTES_MOVED_PER_STEP: u64 = 64;

/// Counts each element that is created, moved or examined. A rule that searches the open elements asks for their names
/// one by one, so its cost is counted too.
pub(super) struct MeteredTreeSink {
    sink: HtmlTreeSink,
    work: Cell<u64>,
    /// The number of attributes that repeated `html` and `body` tags have added to the first ones.
    added: Cell<u64>,
}

impl MeteredTreeSink {
    pub(super) fn new(sink: HtmlTreeSink) -> Self {
        Self {
            sink,
            work: Cell::new(0),
            added: Cell::new(0),
        }
    }

    /// The steps that the tree has cost so far.
    pub(super) fn work(&self) -> u64 {
        self.work.get()
    }

    /// Adds steps that the builder takes without a call to the tree sink.
    pub(super) fn charge(&self, steps: u64) {
        self.work.set(self.work.get() + steps);
        work::count(steps as usize);
    }

    fn count(&self) -> &HtmlTreeSink {
        self.charge(1);
        &self.sink
    }
}

impl TreeSink for MeteredTreeSink {
    type Handle = NodeId;
    type Output = Html;
    type ElemName<'a> = <HtmlTreeSink as TreeSink>::ElemName<'a>;

    fn finish(self) -> Html {
        self.sink.finish()
    }

    fn parse_error(&self, message: Cow<'static, str>) {
        self.sink.parse_error(message);
    }

    fn get_document(&self) -> NodeId {
        self.sink.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Self::ElemName<'a> {
        self.count().elem_name(target)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        self.charge(attributes.len() as u64);
        self.count().create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.count().create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.count().create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.count().append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        self.count().append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.count().append_doctype_to_document(name, public, system);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.count().get_template_contents(target)
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        self.count().same_node(one, other)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.sink.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &NodeId, node: NodeOrText<NodeId>) {
        self.count().append_before_sibling(sibling, node);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        // Each attribute is inserted into a sorted list.
        let new = attributes.len() as u64;
        self.charge(new * (1 + self.added.get() / ATTRIBUTES_MOVED_PER_STEP));
        self.added.set(self.added.get() + new);
        self.count().add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.count().remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, parent: &NodeId) {
        self.count().reparent_children(node, parent);
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &NodeId) -> bool {
        self.count().is_mathml_annotation_xml_integration_point(target)
    }
}

#[cfg(test)]
mod tests {
    use html5ever::{LocalName, ns};

    use super::*;

    fn name(local: &str) -> QualName {
        QualName::new(None, ns!(html), LocalName::from(local))
    }

    fn attributes(count: usize) -> Vec<Attribute> {
        let attribute = |number| Attribute {
            name: QualName::new(None, ns!(), LocalName::from(format!("a{number}"))),
            value: StrTendril::new(),
        };
        (0..count).map(attribute).collect()
    }

    #[test]
    fn each_operation_is_a_step_and_so_is_each_attribute() {
        let sink = MeteredTreeSink::new(HtmlTreeSink::new(Html::new_document()));
        assert_eq!(sink.work(), 0);
        let element = sink.create_element(name("p"), attributes(3), ElementFlags::default());
        assert_eq!(sink.work(), 1 + 3);
        sink.elem_name(&element);
        assert_eq!(sink.work(), 1 + 3 + 1);
        sink.charge(7);
        assert_eq!(sink.work(), 1 + 3 + 1 + 7);
    }

    #[test]
    fn an_attribute_added_to_many_costs_more() {
        let sink = MeteredTreeSink::new(HtmlTreeSink::new(Html::new_document()));
        let root = sink.create_element(name("html"), Vec::new(), ElementFlags::default());
        let steps = |count: u64| {
            let before = sink.work();
            sink.add_attrs_if_missing(&root, attributes(count as usize));
            sink.work() - before
        };
        assert_eq!(steps(ATTRIBUTES_MOVED_PER_STEP), 1 + ATTRIBUTES_MOVED_PER_STEP);
        assert_eq!(steps(10), 1 + 10 * 2);
    }
}
