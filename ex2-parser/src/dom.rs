//! The lesson and the oracle: html5ever's whole tree, walked in the order of the document.
//!
//! html5ever builds the tree as a browser does, whatever the page. It is also open to pages made to be slow: a tag with
//! a million attributes takes it hours. For pages from strangers use [`stream`](crate::stream); here a page with a tag
//! or a comment of more than 16 KiB is [`TooLarge`](Error::TooLarge).

mod counted;
mod formatting;

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

use counted::{Counted, NodeId};
use formatting::Formatting;

use crate::{
    Error, Package, PackageList, VersionList,
    encoding::{self, BEGINNING},
    extract::{
        AttributeSet, Attributes, Element, End, Extractor, MAX_PAGE_BYTES, Namespace, PackageExtractor,
        PackageListExtractor, Page, VersionListExtractor,
    },
    tag::{ROOT, TEXT_IS_NOT_CONTENT, Tag},
    work,
};

/// How much of a page the tokenizer gets at once.
const PIECE: usize = if cfg!(fuzzing) { 64 } else { 4 * 1024 };
/// After so many pieces without a token, a tag or a comment is longer than any of GitHub's, and too long for html5ever,
/// which compares each attribute of a tag with all before it.
const MAX_PIECES_WITHOUT_TOKEN: usize = 4;
/// To compare so many pairs of attributes' names takes as long as one step of building the tree.
const PAIRS_A_STEP: u64 = 4;
/// The steps of building the tree that each page may cost, and those for each of its bytes. A page of 50,000 tags one
/// after the other costs fewer. Where tags are nested in one another by the thousand, each looks at all of them.
const FREE_WORK: u64 = if cfg!(fuzzing) { 1_000 } else { 2_000_000 };
const WORK_A_BYTE: u64 = 3;

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
    let mark = encoding::check(&bytes[..bytes.len().min(BEGINNING)])?;
    let (html, end) = parse(&String::from_utf8_lossy(&bytes[mark..]))?;
    let mut page = Page::new(extractor);
    walk(&html, &mut page);
    page.finish(end)
}

// region: watch
/// Stands between html5ever's tokenizer and its tree builder, and notes what the tree does not keep: whether the
/// document was closed.
struct Watch {
    builder: TreeBuilder<NodeId, Counted>,
    end: Cell<End>,
    has_token: Cell<bool>,
    formatting: RefCell<Formatting>,
}

impl TokenSink for Watch {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        let mut end = self.end.get();
        // Once it is too much, what is left of the page no longer matters: tags are counted, and nothing is built.
        let is_built = !self.is_too_much_work();
        match &token {
            Token::DoctypeToken(_) => end.is_document = true,
            Token::TagToken(tag) => {
                let name = Tag::from_name(tag.name.as_bytes());
                match tag.kind {
                    TagKind::StartTag => end.start_tag(name),
                    TagKind::EndTag => end.end_tag(name),
                }
                if is_built {
                    self.charge(name, tag);
                }
            }
            _ => {}
        }
        self.end.set(end);
        // What the tokenizer dislikes is no progress.
        if !matches!(token, Token::ParseError(_)) {
            self.has_token.set(true);
        }
        if self.is_too_much_work() {
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

impl Watch {
    /// Adds what a tag costs html5ever without a question to the tree.
    fn charge(&self, name: Tag, tag: &html5ever::tokenizer::Tag) {
        let attributes = tag.attrs.len() as u64;
        let mut formatting = self.formatting.borrow_mut();
        let of_list = match tag.kind {
            TagKind::StartTag => formatting.start(name, attributes, tag.self_closing),
            TagKind::EndTag => formatting.end(name),
        };
        let of_tag = attributes * attributes / 2 / PAIRS_A_STEP;
        self.builder.sink.charge(of_list + of_tag);
    }

    /// Whether building the tree has cost more than a page of this size may.
    fn is_too_much_work(&self) -> bool {
        self.builder.sink.work() > FREE_WORK + WORK_A_BYTE * self.end.get().bytes as u64
    }
}
// endregion: watch

fn parse(text: &str) -> Result<(Html, End), Error> {
    let options = TreeBuilderOpts {
        scripting_enabled: true,
        quirks_mode: QuirksMode::NoQuirks,
        ..TreeBuilderOpts::default()
    };
    let watch = Watch {
        builder: TreeBuilder::new(Counted::new(HtmlTreeSink::new(Html::new_document())), options),
        end: Cell::default(),
        has_token: Cell::new(false),
        formatting: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(
        watch,
        TokenizerOpts {
            discard_bom: false,
            ..TokenizerOpts::default()
        },
    );
    let queue = BufferQueue::default();
    let mut rest = text;
    let mut without_token = 0;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(PIECE));
        rest = tail;
        let mut end = tokenizer.sink.end.get();
        end.bytes += piece.len();
        work::count(piece.len());
        tokenizer.sink.end.set(end);
        queue.push_back(StrTendril::from_slice(piece));
        // It stops at each script and at each word about the encoding; neither is ours to follow.
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
        without_token = if tokenizer.sink.has_token.take() {
            0
        } else {
            without_token + 1
        };
        if tokenizer.sink.end.get().has_too_many_tags()
            || tokenizer.sink.is_too_much_work()
            || without_token > MAX_PIECES_WITHOUT_TOKEN
        {
            return Err(Error::TooLarge);
        }
    }
    tokenizer.end();
    if tokenizer.sink.is_too_much_work() {
        return Err(Error::TooLarge);
    }
    // The bytes that were not UTF-8 are longer by now: how many the page has was checked before.
    let mut end = tokenizer.sink.end.get();
    end.bytes = 0;
    Ok((html5ever::interface::TreeSink::finish(tokenizer.sink.builder.sink), end))
}

/// Tells a page's extractor of the tree, in the order of the document.
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

/// A node begins; `false` if its content is no page's content.
fn open<E: Extractor>(node: &Node, page: &mut Page<E>, attributes: &mut Attributes) -> bool {
    match node {
        Node::Element(element) => {
            let Some(name) = told(element) else { return true };
            let wanted = page.wanted(name.tag);
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
        && told(element).is_some()
    {
        page.close();
    }
}

/// The element, if an extractor is told of it.
fn told(element: &scraper::node::Element) -> Option<Element> {
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
