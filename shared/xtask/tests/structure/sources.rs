//! Which file of a crate uses which other file.
//!
//! A path is followed to the file that defines what it means, also through `use`, `pub use` and globs. So a file that
//! only hands a name on does not stand between. `mod child;` is no use of a file.
//!
//! Not seen are what stands under `#[cfg(test)]`, and uses without a path: a method that another file implements for a
//! type, a name that a macro makes, a macro in textual scope, the braces of a `use` within a macro.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, Token, UseTree};

/// For each file the files that it uses, and by which paths.
pub(crate) type Uses = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// How many imports a path is followed through. Globs of two modules may lead to each other.
const MOST_IMPORTS: u32 = 16;

/// Reads a crate from its root file on.
pub(crate) fn uses(root: &Path) -> Uses {
    let mut sources = Sources::default();
    sources.read(root, None, root.parent().unwrap());
    let mut uses = Uses::new();
    for (index, module) in sources.modules.iter().enumerate() {
        let of_module = uses.entry(module.file.clone()).or_default();
        for path in module.imports.iter().map(|import| &import.path).chain(&module.paths) {
            for place in sources.places(index, path, MOST_IMPORTS) {
                let file = sources.file(place);
                if file != module.file {
                    of_module.entry(file.to_owned()).or_default().insert(path.join("::"));
                }
            }
        }
    }
    uses
}

/// All modules of a crate. The first is its root.
#[derive(Default)]
struct Sources {
    modules: Vec<Module>,
}

/// A module: a file, or a part of one.
struct Module {
    file: PathBuf,
    parent: Option<usize>,
    /// By name. A name has several where each is for another system.
    children: Vec<(String, usize)>,
    /// The names that it defines.
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Other paths of several segments.
    paths: Vec<Vec<String>>,
}

impl Module {
    fn new(file: &Path, parent: Option<usize>) -> Self {
        Self {
            file: file.to_owned(),
            parent,
            children: Vec::new(),
            items: BTreeSet::new(),
            imports: Vec::new(),
            paths: Vec::new(),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.items.contains(name)
            || self.children.iter().any(|(child, _)| child == name)
            || self.imports.iter().any(|import| import.name == name)
    }
}

/// One name of a `use`.
struct Import {
    /// As it is written. A glob ends with `*`.
    path: Vec<String>,
    /// Its name in this module.
    name: String,
}

/// What a path means.
#[derive(Clone, Copy)]
enum Place {
    Module(usize),
    /// Something that a module defines.
    ItemOf(usize),
}

impl Sources {
    /// Reads a file and its modules, whose files lie in `directory`.
    fn read(&mut self, file: &Path, parent: Option<usize>, directory: &Path) -> usize {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(Module::new(file, parent), directory, &parsed.items)
    }

    fn add(&mut self, module: Module, directory: &Path, items: &[Item]) -> usize {
        let mut reader = Reader {
            module,
            children: Vec::new(),
        };
        for item in items {
            reader.module.items.extend(name(item));
            reader.visit_item(item);
        }
        let index = self.modules.len();
        self.modules.push(reader.module);
        for child in reader.children {
            let name = child.ident.to_string();
            let file = self.modules[index].file.clone();
            let child = match &child.content {
                Some((_, items)) => self.add(Module::new(&file, Some(index)), &directory.join(&name), items),
                None => {
                    let (file, directory) = file_of(&child, &file, directory);
                    self.read(&file, Some(index), &directory)
                }
            };
            self.modules[index].children.push((name, child));
        }
        index
    }

    fn file(&self, place: Place) -> &Path {
        let (Place::Module(index) | Place::ItemOf(index)) = place;
        &self.modules[index].file
    }

    /// What a path in a module means. Nothing where it leads out of the crate.
    fn places(&self, from: usize, path: &[String], imports: u32) -> Vec<Place> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Place::Module(from)];
        };
        match first.as_str() {
            "crate" => self.below(0, rest, imports),
            "self" => self.below(from, rest, imports),
            "super" => {
                let Some(parent) = self.modules[from].parent else {
                    return Vec::new();
                };
                match rest.first() {
                    Some(next) if next == "super" => self.places(parent, rest, imports),
                    _ => self.below(parent, rest, imports),
                }
            }
            name => {
                let module = &self.modules[from];
                let is_child = module.children.iter().any(|(child, _)| child == name);
                // `use serde::{self, Serialize}` leads out of the crate, and not to itself.
                let is_imported = |import: &Import| import.name == name && import.path[0] != name;
                match is_child || module.imports.iter().any(is_imported) {
                    true => self.below(from, path, imports),
                    false => Vec::new(),
                }
            }
        }
    }

    /// What a path means that begins with a name of a module.
    fn below(&self, index: usize, path: &[String], imports: u32) -> Vec<Place> {
        let module = &self.modules[index];
        let (name, rest) = match path {
            [] => return vec![Place::Module(index)],
            [glob] if glob == "*" => return vec![Place::Module(index)],
            [name, rest @ ..] => (name, rest),
        };
        let children: Vec<_> = module.children.iter().filter(|(child, _)| child == name).collect();
        if !children.is_empty() {
            let below = |(_, child): &(String, usize)| self.below(*child, rest, imports);
            return children.into_iter().flat_map(below).collect();
        }
        let Some(imports) = imports.checked_sub(1) else {
            return vec![Place::ItemOf(index)];
        };
        if module.items.contains(name) {
            return vec![Place::ItemOf(index)];
        }
        let target = |path: &[String]| self.places(index, path, imports);
        let mut named = module.imports.iter().filter(|import| import.name == *name).peekable();
        if named.peek().is_some() {
            return named
                .flat_map(|import| target(&import.path))
                .flat_map(|place| match place {
                    Place::Module(module) => self.below(module, rest, imports),
                    item => vec![item],
                })
                .collect();
        }
        let through_globs: Vec<Place> = module
            .imports
            .iter()
            .filter(|import| import.name == "*")
            .flat_map(|import| target(&import.path))
            .filter_map(|place| match place {
                Place::Module(module) if self.modules[module].has(name) => Some(self.below(module, path, imports)),
                _ => None,
            })
            .flatten()
            .collect();
        match through_globs.is_empty() {
            // A macro has defined it here.
            true => vec![Place::ItemOf(index)],
            false => through_globs,
        }
    }
}

/// A child's file, and the directory of its own children.
fn file_of(child: &syn::ItemMod, parent: &Path, directory: &Path) -> (PathBuf, PathBuf) {
    let stated = child.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(path),
                ..
            }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    });
    if let Some(stated) = stated {
        let file = parent.parent().unwrap().join(stated);
        let directory = file.parent().unwrap().to_owned();
        return (file, directory);
    }
    let directory = directory.join(child.ident.to_string());
    let file = directory.with_extension("rs");
    match file.is_file() {
        true => (file, directory),
        false => (directory.join("mod.rs"), directory),
    }
}

/// Reads the items of a module, without those of its children.
struct Reader {
    module: Module,
    children: Vec<syn::ItemMod>,
}

impl Reader {
    fn import(&mut self, tree: &UseTree, path: &[String]) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        let (path, name) = match tree {
            UseTree::Path(tree) => return self.import(&tree.tree, &with(&tree.ident)),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, path));
            }
            UseTree::Name(tree) if tree.ident == "self" => (path.to_vec(), path.last().cloned().unwrap_or_default()),
            UseTree::Name(tree) => (with(&tree.ident), tree.ident.to_string()),
            UseTree::Rename(tree) if tree.ident == "self" => (path.to_vec(), tree.rename.to_string()),
            UseTree::Rename(tree) => (with(&tree.ident), tree.rename.to_string()),
            UseTree::Glob(_) => ([path, &["*".to_owned()]].concat(), "*".to_owned()),
        };
        self.module.imports.push(Import { path, name });
    }

    /// Finds the paths in the tokens of a macro or an attribute.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut colons, mut is_foreign) = (0, false);
        for token in tokens {
            match &token {
                TokenTree::Ident(name) if colons == 2 && !path.is_empty() => path.push(name.to_string()),
                TokenTree::Punct(punctuation) if punctuation.as_char() == ':' && colons < 2 => {
                    colons += 1;
                    continue;
                }
                _ => {
                    self.end_path(&mut path, is_foreign);
                    is_foreign = colons == 2;
                    if let TokenTree::Ident(name) = &token {
                        path.push(name.to_string());
                    }
                }
            }
            colons = 0;
            if let TokenTree::Group(group) = token {
                self.tokens(group.stream());
            }
        }
        self.end_path(&mut path, is_foreign);
    }

    fn end_path(&mut self, path: &mut Vec<String>, is_foreign: bool) {
        let path = std::mem::take(path);
        if path.len() > 1 && !is_foreign {
            self.module.paths.push(path);
        }
    }
}

impl Visit<'_> for Reader {
    fn visit_item(&mut self, item: &Item) {
        if attributes(item).iter().any(is_for_tests) {
            return;
        }
        match item {
            Item::Mod(child) => self.children.push(child.clone()),
            Item::Use(item) if item.leading_colon.is_none() => self.import(&item.tree, &[]),
            Item::Use(_) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.module.paths.push(segments.collect());
        }
        visit::visit_path(self, path);
    }

    /// `pub(in crate::here)` names a module, and uses nothing of it.
    fn visit_vis_restricted(&mut self, _: &syn::VisRestricted) {}

    fn visit_macro(&mut self, called: &syn::Macro) {
        self.tokens(called.tokens.clone());
        visit::visit_macro(self, called);
    }

    fn visit_meta_list(&mut self, list: &syn::MetaList) {
        self.tokens(list.tokens.clone());
        visit::visit_meta_list(self, list);
    }
}

/// Whether it is `#[cfg(test)]`, or requires `test` beside something else.
fn is_for_tests(attribute: &Attribute) -> bool {
    fn requires_test(meta: &Meta) -> bool {
        match meta {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .is_ok_and(|all| all.iter().any(requires_test)),
            _ => false,
        }
    }
    attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(|meta| requires_test(&meta))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name that an item defines.
fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
