//! The simple engine, and the oracle for the other one: html5ever's whole tree, walked in document order.
//!
//! html5ever builds the same tree as a browser, from any page. Its time is not bounded by the page's size: a tag with a
//! million attributes takes hours. So this engine limits the work, and refuses a page with a tag or a comment of more
//! than 16 KiB as [`TooLarge`](Error::TooLarge). For untrusted pages use [`stream`](crate::stream).

mod formatting_elements;
mod metered_tree_sink;

use std::cell::{Cell, RefCell};

use html5ever::{
    TokenizerResult,
    buffer_queue::BufferQueue,
    interface::QuirksMode,
    ns,
    tendril::StrTendril,
    tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
    tree_builder::{TreeBuilder, TreeBuilderOpts},
};
use scraper::{Html, HtmlTreeSink, Node};

use formatting_elements::FormattingElements;
use metered_tree_sink::{MeteredTreeSink, NodeId};

use crate::{
    Error, Package, PackageList, VersionList,
    encoding::{self, SNIFFED_BYTES},
    extract::{
        AttributeSet, Attributes, DocumentStats, Element, Extractor, Namespace, PackageExtractor, PackageListExtractor,
        Page, VersionListExtractor,
    },
    limits::MAX_PAGE_BYTES,
    tag::{ROOT, TEXT_IS_NOT_CONTENT, Tag},
    work,
};

/// The size of the chunks in which the tokenizer gets a page. The limits are checked after each.
const CHUNK_BYTES: usize = if cfg!(fuzzing) { 64 } else { 4 * 1024 };
/// A tag or a comment that spans more chunks than this is longer than any of GitHub's, and too long for html5ever:
/// it compares each attribute of a tag with all attributes before it.
const MAX_CHUNKS_WITHOUT_TOKEN: usize = 4;
/// Comparing this number of pairs of attribute names takes as long as one step of building the tree.
const PAIRS_PER_STEP: u64 = 4;
/// The budget of steps for building the tree: a base for each page, and an addition for each of its bytes. A page of
/// 50,000 sibling elements costs less. A page with thousands of nested elements costs more: each tag is compared with
/// all open elements.
const BASE_WORK_BUDGET: u64 = if cfg!(fuzzing) { 1_000 } else { 2_000_000 };
const WORK_BUDGET_PER_BYTE: u64 = 3;

/// Reads a package page.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package(page: &[u8]) -> Result<Package, Error> {
    extract(page, PackageExtractor::new())
}

/// Reads one page of an organisation's or a user's packages.
///
/// # Errors
/// Says why the page gave no answer.
pub fn package_list(page: &[u8]) -> Result<PackageList, Error> {
    extract(page, PackageListExtractor::new())
}

/// Reads one page of a package's versions.
///
/// # Errors
/// Says why the page gave no answer.
pub fn version_list(page: &[u8]) -> Result<VersionList, Error> {
    extract(page, VersionListExtractor::new())
}

pub(crate) fn extract<E: Extractor>(bytes: &[u8], extractor: E) -> Result<E::Output, Error> {
    if bytes.len() > MAX_PAGE_BYTES {
        return Err(Error::TooLarge);
    }
    let bom = encoding::check(&bytes[..bytes.len().min(SNIFFED_BYTES)])?;
    let (html, stats) = parse(&String::from_utf8_lossy(&bytes[bom..]))?;
    let mut page = Page::new(extractor);
    walk(&html, &mut page);
    page.finish(stats)
}

// region: sink
/// Stands between html5ever's tokenizer and its tree builder. It collects what the tree does not hold, such as whether
/// the document was closed, and stops the tree builder when the budget of work is spent.
struct MeteredTokenSink {
    builder: TreeBuilder<NodeId, MeteredTreeSink>,
    stats: Cell<DocumentStats>,
    has_token: Cell<bool>,
    formatting: RefCell<FormattingElements>,
}

impl TokenSink for MeteredTokenSink {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        let mut stats = self.stats.get();
        // Once the budget is spent, the answer is an error. The remaining tags are counted, and the tree is not built.
        let is_built = !self.exceeds_work_budget();
        match &token {
            Token::DoctypeToken(_) => stats.is_document = true,
            Token::TagToken(tag) => {
                let name = Tag::from_name(tag.name.as_bytes());
                match tag.kind {
                    TagKind::StartTag => stats.start_tag(name),
                    TagKind::EndTag => stats.end_tag(name),
                }
                if is_built {
                    self.charge(name, tag);
                }
            }
            _ => {}
        }
        self.stats.set(stats);
        // A parse error is not a token of the page.
        if !matches!(token, Token::ParseError(_)) {
            self.has_token.set(true);
        }
        if self.exceeds_work_budget() {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

impl MeteredTokenSink {
    /// Charges the work on a tag that html5ever does without a call to the tree sink.
    fn charge(&self, name: Tag, tag: &html5ever::tokenizer::Tag) {
        let attributes = tag.attrs.len() as u64;
        let mut formatting = self.formatting.borrow_mut();
        let of_list = match tag.kind {
            TagKind::StartTag => formatting.start(name, attributes, tag.self_closing),
            TagKind::EndTag => formatting.end(name),
        };
        let of_tag = attributes * attributes / 2 / PAIRS_PER_STEP;
        self.builder.sink.charge(of_list + of_tag);
    }

    /// Whether building the tree has cost more than a page of this size is allowed.
    fn exceeds_work_budget(&self) -> bool {
        self.builder.sink.work() > BASE_WORK_BUDGET + WORK_BUDGET_PER_BYTE * self.stats.get().bytes as u64
    }
}
// endregion: sink

fn parse(text: &str) -> Result<(Html, DocumentStats), Error> {
    let options = TreeBuilderOpts {
        scripting_enabled: true,
        quirks_mode: QuirksMode::NoQuirks,
        ..TreeBuilderOpts::default()
    };
    let sink = MeteredTokenSink {
        builder: TreeBuilder::new(MeteredTreeSink::new(HtmlTreeSink::new(Html::new_document())), options),
        stats: Cell::default(),
        has_token: Cell::new(false),
        formatting: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(
        sink,
        TokenizerOpts {
            discard_bom: false,
            ..TokenizerOpts::default()
        },
    );
    let queue = BufferQueue::default();
    let mut rest = text;
    let mut without_token = 0;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at(rest.ceil_char_boundary(CHUNK_BYTES));
        rest = tail;
        let mut stats = tokenizer.sink.stats.get();
        stats.bytes += chunk.len();
        work::count(chunk.len());
        tokenizer.sink.stats.set(stats);
        queue.push_back(StrTendril::from_slice(chunk));
        // The tokenizer pauses at each script and each declaration of an encoding. This parser ignores both.
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
        without_token = if tokenizer.sink.has_token.take() {
            0
        } else {
            without_token + 1
        };
        if tokenizer.sink.stats.get().has_too_many_tags()
            || tokenizer.sink.exceeds_work_budget()
            || without_token > MAX_CHUNKS_WITHOUT_TOKEN
        {
            return Err(Error::TooLarge);
        }
    }
    tokenizer.end();
    if tokenizer.sink.exceeds_work_budget() {
        return Err(Error::TooLarge);
    }
    // `from_utf8_lossy` made invalid bytes longer, so this count is not the page's. `extract` has checked the size.
    let mut stats = tokenizer.sink.stats.get();
    stats.bytes = 0;
    Ok((
        html5ever::interface::TreeSink::finish(tokenizer.sink.builder.sink),
        stats,
    ))
}

/// Sends the tree to a page's extractor as events, in document order.
fn walk<E: Extractor>(html: &Html, page: &mut Page<E>) {
    let mut attributes = Attributes::default();
    let root = html.tree.root();
    let mut node = root;
    loop {
        work::count(1);
        if open(node.value(), page, &mut attributes)
            && let Some(child) = node.first_child()
        {
            node = child;
            continue;
        }
        loop {
            close(node.value(), page);
            if node == root {
                return;
            }
            if let Some(sibling) = node.next_sibling() {
                node = sibling;
                break;
            }
            node = node.parent().unwrap_or(root);
        }
    }
}

/// Sends the event for a node's beginning. Returns `false` if the node's children are not part of the page's content.
fn open<E: Extractor>(node: &Node, page: &mut Page<E>, attributes: &mut Attributes) -> bool {
    match node {
        Node::Element(element) => {
            let Some(name) = element_for_event(element) else {
                return true;
            };
            let wanted = page.wanted_attributes(name.tag);
            read_attributes(element, wanted, attributes);
            page.open(name, attributes);
            let is_html = name.namespace == Namespace::Html;
            !(is_html && (name.tag == Tag::Template || name.tag.is(TEXT_IS_NOT_CONTENT)))
        }
        Node::Text(text) => {
            page.text(text.as_bytes());
            false
        }
        _ => true,
    }
}

fn close<E: Extractor>(node: &Node, page: &mut Page<E>) {
    if let Node::Element(element) = node
        && element_for_event(element).is_some()
    {
        page.close();
    }
}

/// The element as events name it; `None` for `html`, `head` and `body`, which have no events.
fn element_for_event(element: &scraper::node::Element) -> Option<Element> {
    let namespace = match element.name.ns {
        ns!(svg) => Namespace::Svg,
        ns!(mathml) => Namespace::MathMl,
        _ => Namespace::Html,
    };
    let tag = Tag::from_name(element.name.local.to_ascii_lowercase().as_bytes());
    (!(namespace == Namespace::Html && tag.is(ROOT))).then_some(Element { tag, namespace })
}

fn read_attributes(element: &scraper::node::Element, wanted: AttributeSet, attributes: &mut Attributes) {
    attributes.clear();
    work::count(element.attrs.len());
    for (name, value) in &element.attrs {
        if name.ns == ns!()
            && let Some(attribute) = wanted.find(name.local.as_bytes())
            && attributes.begin(attribute)
        {
            attributes.append(attribute, value.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use html5ever::{LocalName, QualName, tokenizer::Tag as TagToken};

    use super::*;

    fn sink() -> MeteredTokenSink {
        let tree = MeteredTreeSink::new(HtmlTreeSink::new(Html::new_document()));
        MeteredTokenSink {
            builder: TreeBuilder::new(tree, TreeBuilderOpts::default()),
            stats: Cell::default(),
            has_token: Cell::new(false),
            formatting: RefCell::default(),
        }
    }

    fn tag(attributes: u64) -> TagToken {
        let attribute = |number| html5ever::Attribute {
            name: QualName::new(None, ns!(), LocalName::from(format!("a{number}"))),
            value: StrTendril::new(),
        };
        TagToken {
            kind: TagKind::StartTag,
            name: LocalName::from("div"),
            self_closing: false,
            attrs: (0..attributes).map(attribute).collect(),
            had_duplicate_attributes: false,
        }
    }

    #[test]
    fn each_attribute_of_a_tag_is_compared_with_all_before_it() {
        let mut tag = tag(20);
        let sink = sink();
        let before = sink.builder.sink.work();
        sink.charge(Tag::Div, &tag);
        let of_div = sink.builder.sink.work() - before;
        assert_eq!(of_div, 20 * 20 / 2 / PAIRS_PER_STEP);
        // A formatting element is compared with those that are open, in addition.
        sink.charge(Tag::B, &tag);
        let before = sink.builder.sink.work();
        sink.charge(Tag::I, &tag);
        assert!(sink.builder.sink.work() - before > of_div);
        tag.kind = TagKind::EndTag;
        tag.attrs.clear();
        let before = sink.builder.sink.work();
        sink.charge(Tag::I, &tag);
        assert_eq!(sink.builder.sink.work() - before, 2);
    }

    #[test]
    fn a_tags_attributes_are_charged_when_it_comes() {
        let steps = |count: u64| {
            let sink = sink();
            assert!(matches!(
                sink.process_token(Token::TagToken(tag(count)), 1),
                TokenSinkResult::Continue
            ));
            sink.builder.sink.work()
        };
        assert_eq!(steps(20) - steps(0), 20 + 20 * 20 / 2 / PAIRS_PER_STEP);
    }

    #[test]
    fn the_budget_of_work_grows_with_the_page() {
        for bytes in [0, 1, 1_000] {
            let sink = sink();
            let mut stats = DocumentStats::default();
            stats.bytes = bytes as usize;
            sink.stats.set(stats);
            let budget = BASE_WORK_BUDGET + WORK_BUDGET_PER_BYTE * bytes;
            sink.builder.sink.charge(budget - sink.builder.sink.work());
            assert!(!sink.exceeds_work_budget(), "{bytes}");
            sink.builder.sink.charge(1);
            assert!(sink.exceeds_work_budget(), "{bytes}");
        }
    }

    /// Where HTML changes parts of the tree that are already there, this engine has no other one to agree with.
    #[test]
    fn the_tree_is_rebuilt_as_in_a_browser() {
        let empty_list = "<p id=org-packages class=blankslate></p>";
        assert!(package_list(empty_list.as_bytes()).is_ok());
        // A frameset replaces the body.
        assert_eq!(
            package_list(format!("{empty_list}<frameset>").as_bytes()),
            Err(Error::NotAPackageList)
        );
        // The heading's text moves into a second `b`, so the heading itself has none.
        assert_eq!(package(b"<h1>Whoa there!</h1>"), Err(Error::RateLimited));
        assert_eq!(package(b"<b><h1>Whoa there!</b></h1>"), Err(Error::NotAPackagePage));
        // A form ends while the elements in it stay open.
        let total = package(b"<form><div><span>Total downloads</span></form><h3 title=7>7</h3></div>");
        assert_eq!(total.map(|package| package.total), Ok(7));
        // A formula's annotation is not HTML, and neither is a link in it.
        assert!(
            package_list(
                b"<div id=org-packages><li class=Box-row><math><annotation-xml>\
                  <a href=/orgs/o/packages/container/package/image>image</a></annotation-xml></math></li></div>"
            )
            .is_err()
        );
    }
}
