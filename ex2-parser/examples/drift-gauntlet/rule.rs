//! The rules that other trackers use to find the total, in their simplest form.

use super::tree::{Id, Tree};

/// A rule for finding the total.
#[derive(Debug)]
pub(crate) enum Rule {
    /// The first title that is a number, after the words `Total downloads` in the page's bytes.
    NearestNumber,
    /// `html > body:nth-child(2) > … > h3:nth-child(2)`: the element at the total's original position.
    NthChild(Vec<usize>),
    /// `Total downloads</span>\s*<h3 [^>]*title="(\d+)"`, the first match.
    RegularExpression,
    /// The next number after any element whose text has the word `downloads`.
    LabelWithoutContext,
}

impl Rule {
    /// All rules, fitted to the original page.
    pub(crate) fn all(tree: &Tree, total: u64) -> Vec<Self> {
        let title = total.to_string();
        let heading = tree
            .in_order()
            .into_iter()
            .find(|&id| tree.name(id) == "h3" && tree.attribute(id, "title") == Some(&title));
        vec![
            Self::NearestNumber,
            Self::NthChild(heading.map(|id| path(tree, id)).unwrap_or_default()),
            Self::RegularExpression,
            Self::LabelWithoutContext,
        ]
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NearestNumber => "the nearest number",
            Self::NthChild(_) => "`nth-child`",
            Self::RegularExpression => "one regular expression",
            Self::LabelWithoutContext => "a label without context",
        }
    }

    pub(crate) fn total(&self, tree: &Tree, html: &str) -> Option<u64> {
        match self {
            Self::NearestNumber => {
                let (_, rest) = html.split_once("Total downloads")?;
                rest.split("title=\"")
                    .skip(1)
                    .find_map(|rest| rest.split('"').next()?.parse().ok())
            }
            Self::NthChild(path) => {
                let mut id = 0;
                for &place in path {
                    id = *elements(tree, id).get(place)?;
                }
                tree.attribute(id, "title")?.parse().ok()
            }
            Self::RegularExpression => html.split("Total downloads</span>").skip(1).find_map(|rest| {
                let tag = rest.trim_start().strip_prefix("<h3 ")?.split('>').next()?;
                let (_, value) = tag.split_once("title=\"")?;
                value.split('"').next()?.parse().ok()
            }),
            Self::LabelWithoutContext => {
                let mut has_label = false;
                for id in tree.in_order() {
                    if has_label && let Some(number) = tree.attribute(id, "title").and_then(|title| title.parse().ok())
                    {
                        return Some(number);
                    }
                    has_label |= !matches!(tree.name(id), "" | "script" | "style")
                        && tree.own_text(id).to_ascii_lowercase().contains("downloads");
                }
                None
            }
        }
    }
}

/// The path from the root to an element, as indices among the siblings.
fn path(tree: &Tree, mut id: Id) -> Vec<usize> {
    let mut path = Vec::new();
    while id != 0 {
        let parent = tree.nodes[id].parent;
        path.extend(elements(tree, parent).iter().position(|&child| child == id));
        id = parent;
    }
    path.reverse();
    path
}

fn elements(tree: &Tree, id: Id) -> Vec<Id> {
    let children = tree.nodes[id].children.iter().copied();
    children.filter(|&child| !tree.name(child).is_empty()).collect()
}
