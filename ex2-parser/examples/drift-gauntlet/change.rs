//! Random changes of markup, of the kinds that happen to a site over the years.

use std::rc::Rc;

use super::tree::{Id, Kind, Tree};

/// The most changes to one page.
const MAX_CHANGES: u64 = 4;

/// SplitMix64: a random number generator with the same numbers on all platforms.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ number >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Makes one to four changes of a page. Half of them are at the anchors.
pub(crate) fn change(tree: &mut Tree, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..=random.below(MAX_CHANGES as usize) {
        let order = tree.in_order();
        let elements: Vec<Id> = order.iter().copied().filter(|&id| is_content(tree, id)).collect();
        let anchors: Vec<Id> = elements.iter().copied().filter(|&id| is_anchor(tree, id)).collect();
        if elements.is_empty() || anchors.is_empty() {
            return;
        }
        let element = if random.below(2) == 0 {
            *random.choose(&anchors)
        } else {
            *random.choose(&elements)
        };
        match random.below(11) {
            0 => rename_attribute(tree, element, &mut random),
            1 => remove_attribute(tree, element, &mut random),
            2 => change_value(tree, element, &mut random),
            3 => rename_element(tree, element, &mut random),
            4 => change_text(tree, element, &mut random),
            5 => move_block(tree, element, &elements, &mut random),
            6 => duplicate(tree, element, &elements, &mut random),
            7 => duplicate_label(tree, &elements, &mut random),
            8 => wrap(tree, element),
            9 => remove(tree, element),
            _ => insert_decoy(tree, element, &mut random),
        }
    }
}

/// Whether an element is part of the page's content.
fn is_content(tree: &Tree, id: Id) -> bool {
    !matches!(
        tree.name(id),
        "" | "html" | "head" | "body" | "main" | "script" | "style" | "template"
    )
}

/// Whether an element is an anchor (a label, a counter, the chart), or the parent of one.
fn is_anchor(tree: &Tree, id: Id) -> bool {
    let is_it = |id: Id| {
        tree.name(id) == "h3"
            || tree
                .attribute(id, "aria-label")
                .is_some_and(|label| label.contains("30 days"))
            || tree.name(id) == "span" && tree.own_text(id).contains("ownloads")
    };
    is_it(id) || tree.nodes[id].children.iter().any(|&child| is_it(child))
}

fn attributes(tree: &mut Tree, id: Id) -> Option<&mut Vec<(Rc<str>, Rc<str>)>> {
    match &mut tree.nodes[id].kind {
        Kind::Element(_, attributes) if !attributes.is_empty() => Some(attributes),
        _ => None,
    }
}

fn rename_attribute(tree: &mut Tree, id: Id, random: &mut Random) {
    if let Some(attributes) = attributes(tree, id) {
        let index = random.below(attributes.len());
        let (name, _) = &mut attributes[index];
        *name = match &**name {
            "title" => "data-title".into(),
            "aria-label" => "aria-description".into(),
            other => format!("data-{other}").into(),
        };
    }
}

fn remove_attribute(tree: &mut Tree, id: Id, random: &mut Random) {
    if let Some(attributes) = attributes(tree, id) {
        attributes.swap_remove(random.below(attributes.len()));
    }
}

/// Gives a class a prefix, rounds or groups a number, or changes the words of a label.
fn change_value(tree: &mut Tree, id: Id, random: &mut Random) {
    if let Some(attributes) = attributes(tree, id) {
        let index = random.below(attributes.len());
        let (_, value) = &mut attributes[index];
        *value = match value.parse::<u64>() {
            Ok(number) => random
                .choose(&[
                    format!("{}K", number / 1_000),
                    format!("{number} downloads"),
                    format!("{number}.0"),
                ])
                .as_str()
                .into(),
            Err(_) => format!("tmp-{value}").into(),
        };
    }
}

fn rename_element(tree: &mut Tree, id: Id, random: &mut Random) {
    if let Kind::Element(name, _) = &mut tree.nodes[id].kind {
        *name = match &**name {
            "h3" => *random.choose(&["h2", "h4", "div", "strong-count"]),
            "svg" => "figure",
            "rect" => "circle",
            _ => *random.choose(&["div", "section", "span", "p"]),
        }
        .into();
    }
}

fn change_text(tree: &mut Tree, id: Id, random: &mut Random) {
    let texts: Vec<Id> = tree.nodes[id]
        .children
        .iter()
        .copied()
        .filter(|&child| matches!(tree.nodes[child].kind, Kind::Text(_)))
        .collect();
    if texts.is_empty() {
        return;
    }
    let text = *random.choose(&texts);
    let words = [
        "Downloads",
        "Total pulls",
        " Total\n  downloads ",
        "All downloads",
        "1,234",
        "Used by",
        "Total downloads: 5",
    ];
    tree.nodes[text].kind = Kind::Text((*random.choose(&words)).into());
}

/// Whether one element is within the other, or the same.
fn is_within(tree: &Tree, mut id: Id, outer: Id) -> bool {
    while id != 0 {
        if id == outer {
            return true;
        }
        id = tree.nodes[id].parent;
    }
    false
}

fn detach(tree: &mut Tree, id: Id) {
    let parent = tree.nodes[id].parent;
    tree.nodes[parent].children.retain(|&child| child != id);
}

fn insert_before(tree: &mut Tree, id: Id, before: Id) {
    let parent = tree.nodes[before].parent;
    let children = &mut tree.nodes[parent].children;
    let at = children.iter().position(|&child| child == before).unwrap_or(0);
    children.insert(at, id);
    tree.nodes[id].parent = parent;
}

/// The block that a label or a counter is in. They are moved together: a label without its counter is a change of the
/// content.
fn block(tree: &Tree, id: Id) -> Id {
    match tree.name(id) {
        "span" | "h3" => tree.nodes[id].parent,
        _ => id,
    }
}

fn move_block(tree: &mut Tree, id: Id, elements: &[Id], random: &mut Random) {
    let id = block(tree, id);
    let before = block(tree, *random.choose(elements));
    if is_content(tree, id) && !is_within(tree, before, id) {
        detach(tree, id);
        insert_before(tree, id, before);
    }
}

fn copy(tree: &mut Tree, id: Id) -> Id {
    let node = tree.nodes[id].clone();
    let new = tree.add(node.kind, node.parent);
    for child in node.children {
        let child = copy(tree, child);
        tree.nodes[child].parent = new;
        tree.nodes[new].children.push(child);
    }
    new
}

fn duplicate(tree: &mut Tree, id: Id, elements: &[Id], random: &mut Random) {
    let before = *random.choose(elements);
    if !is_within(tree, before, id) {
        let new = copy(tree, id);
        insert_before(tree, new, before);
    }
}

/// Inserts another label, before any heading or anywhere.
fn duplicate_label(tree: &mut Tree, elements: &[Id], random: &mut Random) {
    let headings: Vec<Id> = elements.iter().copied().filter(|&id| tree.name(id) == "h3").collect();
    let before = if random.below(2) == 0 || headings.is_empty() {
        *random.choose(elements)
    } else {
        *random.choose(&headings)
    };
    let label = tree.add(Kind::Element("span".into(), Vec::new()), 0);
    let text = tree.add(Kind::Text("Total downloads".into()), label);
    tree.nodes[label].children.push(text);
    insert_before(tree, label, before);
}

fn wrap(tree: &mut Tree, id: Id) {
    let wrapper = tree.add(Kind::Element("div".into(), Vec::new()), 0);
    insert_before(tree, wrapper, id);
    detach(tree, id);
    tree.nodes[wrapper].children.push(id);
    tree.nodes[id].parent = wrapper;
}

fn remove(tree: &mut Tree, id: Id) {
    detach(tree, id);
}

/// Whether an element is within an `svg`. There, the content of a `script` is markup.
fn is_in_drawing(tree: &Tree, mut id: Id) -> bool {
    while id != 0 && tree.name(id) != "svg" {
        id = tree.nodes[id].parent;
    }
    id != 0
}

/// Inserts text that looks like the anchors: in a comment, a script, an attribute or a text.
fn insert_decoy(tree: &mut Tree, before: Id, random: &mut Random) {
    const DECOY: &str = "<span>Total downloads</span><h3 title=\"77\">77</h3>";
    let new = match random.below(4) {
        0 => tree.add(Kind::Comment(DECOY.into()), 0),
        1 => tree.add(Kind::Text(DECOY.into()), 0),
        2 => tree.add(Kind::Element("a".into(), vec![("title".into(), DECOY.into())]), 0),
        _ if is_in_drawing(tree, before) => return,
        _ => {
            let script = tree.add(Kind::Element("script".into(), Vec::new()), 0);
            let text = tree.add(Kind::Text(DECOY.into()), script);
            tree.nodes[script].children.push(text);
            script
        }
    };
    insert_before(tree, new, before);
}
