//! The names of elements that have a rule in HTML or in this project, with flags for the rules.

/// The start tag closes an open `p`.
pub(crate) const CLOSES_P: u32 = 1;
/// A void element: it has no content and no end tag.
pub(crate) const VOID: u32 = 1 << 1;
/// "Special" in the standard's sense: a stray end tag of an ordinary element does not reach past it.
pub(crate) const SPECIAL: u32 = 1 << 2;
/// A formatting element. If it is misnested, HTML opens it again later.
pub(crate) const FORMATTING: u32 = 1 << 3;
/// Its end tag may be implied by the next tag.
pub(crate) const IMPLIED_END: u32 = 1 << 4;
/// A boundary for "has an element in scope".
pub(crate) const SCOPE: u32 = 1 << 5;
/// Inserts a marker in the list of active formatting elements.
pub(crate) const MARKER: u32 = 1 << 6;
/// Its end tag closes the element and everything within it, if the element is in scope.
pub(crate) const BLOCK: u32 = 1 << 7;
/// `h1` to `h6`.
pub(crate) const HEADING: u32 = 1 << 8;
/// Its start tag ends foreign content.
pub(crate) const BREAKOUT: u32 = 1 << 9;
/// Part of a table in which text is not allowed.
pub(crate) const TABLE_STRUCTURE: u32 = 1 << 10;
/// A tag that has an effect only inside of a table.
pub(crate) const TABLE_PART: u32 = 1 << 11;
/// Its text has character references and no tags.
pub(crate) const RCDATA: u32 = 1 << 12;
/// Its text has neither character references nor tags.
pub(crate) const RAWTEXT: u32 = 1 << 13;
/// `script`.
pub(crate) const SCRIPT: u32 = 1 << 14;
/// `html`, `head`, `body`: they are in every tree, even without their tags, so there are no events for them.
pub(crate) const ROOT: u32 = 1 << 15;
/// Its start tag has a rule of its own.
pub(crate) const OWN_RULE: u32 = 1 << 16;

/// Elements whose text is not content: there are no events for it.
pub(crate) const TEXT_IS_NOT_CONTENT: u32 = RAWTEXT | SCRIPT;

macro_rules! tags {
    ($($variant:ident $name:literal $($flag:ident)|*,)+) => {
        /// The name of an element. All names without a rule are `Other`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Tag {
            Other,
            $($variant,)+
        }

        const FLAGS_OF_NAMES: [u32; Tag::COUNT - 1] = [$(0 $(| $flag)*,)+];
        const NAMES: [(&str, Tag); Tag::COUNT - 1] = [$(($name, Tag::$variant),)+];

        impl Tag {
            pub(crate) const COUNT: usize = 1 + [$($name,)+].len();
            #[cfg(feature = "stream")]
            pub(crate) const ALL: [Self; Self::COUNT] = [Self::Other, $(Self::$variant,)+];
        }
    };
}

tags! {
    A "a" FORMATTING | OWN_RULE,
    Address "address" SPECIAL | CLOSES_P | BLOCK,
    AnnotationXml "annotation-xml",
    Applet "applet" SPECIAL | SCOPE | MARKER | BLOCK,
    Area "area" SPECIAL | VOID,
    Article "article" SPECIAL | CLOSES_P | BLOCK,
    Aside "aside" SPECIAL | CLOSES_P | BLOCK,
    B "b" FORMATTING | BREAKOUT,
    Base "base" SPECIAL | VOID,
    Basefont "basefont" SPECIAL | VOID,
    Bgsound "bgsound" SPECIAL | VOID,
    Big "big" FORMATTING | BREAKOUT,
    Blockquote "blockquote" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Body "body" SPECIAL | ROOT | BREAKOUT,
    Br "br" SPECIAL | VOID | BREAKOUT,
    Button "button" SPECIAL | BLOCK | OWN_RULE,
    Caption "caption" SPECIAL | SCOPE | MARKER | TABLE_PART,
    Center "center" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Code "code" FORMATTING | BREAKOUT,
    Col "col" SPECIAL | VOID | TABLE_PART,
    Colgroup "colgroup" SPECIAL | TABLE_PART | TABLE_STRUCTURE,
    Dd "dd" SPECIAL | CLOSES_P | IMPLIED_END | BREAKOUT | OWN_RULE,
    Desc "desc",
    Details "details" SPECIAL | CLOSES_P | BLOCK,
    Dialog "dialog" CLOSES_P | BLOCK,
    Dir "dir" SPECIAL | CLOSES_P | BLOCK,
    Div "div" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Dl "dl" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Dt "dt" SPECIAL | CLOSES_P | IMPLIED_END | BREAKOUT | OWN_RULE,
    Em "em" FORMATTING | BREAKOUT,
    Embed "embed" SPECIAL | VOID | BREAKOUT,
    Fieldset "fieldset" SPECIAL | CLOSES_P | BLOCK,
    Figcaption "figcaption" SPECIAL | CLOSES_P | BLOCK,
    Figure "figure" SPECIAL | CLOSES_P | BLOCK,
    Font "font" FORMATTING,
    Footer "footer" SPECIAL | CLOSES_P | BLOCK,
    ForeignObject "foreignobject",
    Form "form" SPECIAL | OWN_RULE,
    Frame "frame" SPECIAL | OWN_RULE,
    Frameset "frameset" SPECIAL | OWN_RULE,
    H1 "h1" SPECIAL | CLOSES_P | HEADING | BREAKOUT,
    H2 "h2" SPECIAL | CLOSES_P | HEADING | BREAKOUT,
    H3 "h3" SPECIAL | CLOSES_P | HEADING | BREAKOUT,
    H4 "h4" SPECIAL | CLOSES_P | HEADING | BREAKOUT,
    H5 "h5" SPECIAL | CLOSES_P | HEADING | BREAKOUT,
    H6 "h6" SPECIAL | CLOSES_P | HEADING | BREAKOUT,
    Head "head" SPECIAL | ROOT | BREAKOUT,
    Header "header" SPECIAL | CLOSES_P | BLOCK,
    Hgroup "hgroup" SPECIAL | CLOSES_P | BLOCK,
    Hr "hr" SPECIAL | VOID | CLOSES_P | BREAKOUT | OWN_RULE,
    Html "html" SPECIAL | ROOT,
    I "i" FORMATTING | BREAKOUT,
    Iframe "iframe" SPECIAL | RAWTEXT,
    Image "image" VOID,
    Img "img" SPECIAL | VOID | BREAKOUT,
    Input "input" SPECIAL | VOID | OWN_RULE,
    Isindex "isindex" SPECIAL,
    Keygen "keygen" VOID,
    Li "li" SPECIAL | CLOSES_P | IMPLIED_END | BREAKOUT | OWN_RULE,
    Link "link" SPECIAL | VOID,
    Listing "listing" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Main "main" SPECIAL | CLOSES_P | BLOCK,
    Malignmark "malignmark",
    Marquee "marquee" SPECIAL | SCOPE | MARKER | BLOCK,
    Math "math" OWN_RULE,
    Menu "menu" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Meta "meta" SPECIAL | VOID | BREAKOUT,
    Mglyph "mglyph",
    Mi "mi",
    Mn "mn",
    Mo "mo",
    Ms "ms",
    Mtext "mtext",
    Nav "nav" SPECIAL | CLOSES_P | BLOCK,
    Nobr "nobr" FORMATTING | BREAKOUT | OWN_RULE,
    Noembed "noembed" SPECIAL | RAWTEXT,
    Noframes "noframes" SPECIAL | RAWTEXT,
    Noscript "noscript" SPECIAL | RAWTEXT,
    Object "object" SPECIAL | SCOPE | MARKER | BLOCK,
    Ol "ol" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Optgroup "optgroup" IMPLIED_END | OWN_RULE,
    Option "option" IMPLIED_END | OWN_RULE,
    P "p" SPECIAL | CLOSES_P | IMPLIED_END | BREAKOUT | OWN_RULE,
    Param "param" SPECIAL | VOID,
    Plaintext "plaintext" SPECIAL | CLOSES_P | RAWTEXT,
    Pre "pre" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Rb "rb" IMPLIED_END | OWN_RULE,
    Rect "rect",
    Rp "rp" IMPLIED_END | OWN_RULE,
    Rt "rt" IMPLIED_END | OWN_RULE,
    Rtc "rtc" IMPLIED_END | OWN_RULE,
    Ruby "ruby" BREAKOUT,
    S "s" FORMATTING | BREAKOUT,
    Script "script" SPECIAL | SCRIPT,
    Search "search" CLOSES_P | BLOCK,
    Section "section" SPECIAL | CLOSES_P | BLOCK,
    Select "select" SPECIAL | SCOPE | BLOCK | OWN_RULE,
    Small "small" FORMATTING | BREAKOUT,
    Source "source" SPECIAL | VOID,
    Span "span" BREAKOUT,
    Strike "strike" FORMATTING | BREAKOUT,
    Strong "strong" FORMATTING | BREAKOUT,
    Style "style" SPECIAL | RAWTEXT,
    Sub "sub" BREAKOUT,
    Summary "summary" SPECIAL | CLOSES_P | BLOCK,
    Sup "sup" BREAKOUT,
    Svg "svg" OWN_RULE,
    Table "table" SPECIAL | SCOPE | TABLE_STRUCTURE | BREAKOUT | OWN_RULE,
    Tbody "tbody" SPECIAL | TABLE_PART | TABLE_STRUCTURE,
    Td "td" SPECIAL | SCOPE | MARKER | TABLE_PART,
    Template "template" SPECIAL | SCOPE | MARKER | OWN_RULE,
    Textarea "textarea" SPECIAL | RCDATA | RAWTEXT,
    Tfoot "tfoot" SPECIAL | TABLE_PART | TABLE_STRUCTURE,
    Th "th" SPECIAL | SCOPE | MARKER | TABLE_PART,
    Thead "thead" SPECIAL | TABLE_PART | TABLE_STRUCTURE,
    Title "title" SPECIAL | RCDATA,
    Tr "tr" SPECIAL | TABLE_PART | TABLE_STRUCTURE,
    Track "track" SPECIAL | VOID,
    Tt "tt" FORMATTING | BREAKOUT,
    U "u" FORMATTING | BREAKOUT,
    Ul "ul" SPECIAL | CLOSES_P | BLOCK | BREAKOUT,
    Var "var" BREAKOUT,
    Wbr "wbr" SPECIAL | VOID,
    Xmp "xmp" SPECIAL | CLOSES_P | RAWTEXT,
}

impl Tag {
    /// The tag with this name, which must be in lower case.
    #[inline]
    pub(crate) fn from_name(name: &[u8]) -> Self {
        match name.len() {
            0..=8 => Self::from_key(pack(name)),
            _ => match name {
                b"annotation-xml" => Self::AnnotationXml,
                b"blockquote" => Self::Blockquote,
                b"figcaption" => Self::Figcaption,
                b"foreignobject" => Self::ForeignObject,
                b"malignmark" => Self::Malignmark,
                b"plaintext" => Self::Plaintext,
                _ => Self::Other,
            },
        }
    }

    /// The tag whose name, of at most eight bytes, is that number in little-endian order.
    #[inline]
    pub(crate) fn from_key(key: u64) -> Self {
        let slot = slot(key);
        let (known, tag) = (KEYS[slot], TAGS[slot]);
        if known == key { tag } else { Self::Other }
    }

    /// The tag's name; empty for `Other`.
    #[cfg(feature = "stream")]
    pub(crate) const fn name(self) -> &'static str {
        match self as usize {
            0 => "",
            index => NAMES[index - 1].0,
        }
    }

    /// The tag's flags.
    #[inline]
    pub(crate) const fn flags(self) -> u32 {
        FLAGS[self as usize]
    }

    /// Whether the tag has any of these flags.
    #[inline]
    pub(crate) const fn is(self, flags: u32) -> bool {
        self.flags() & flags != 0
    }
}

/// A table by tag. It has an entry for each byte, so that no access needs a check of its bounds.
pub(crate) type ByTag<T> = [T; 256];

static FLAGS: ByTag<u32> = {
    let mut flags = [0; 256];
    let mut index = 0;
    while index < FLAGS_OF_NAMES.len() {
        flags[index + 1] = FLAGS_OF_NAMES[index];
        index += 1;
    }
    flags
};

/// Packs a name of up to eight bytes into one integer, so that comparing names is comparing integers.
#[inline]
const fn pack(name: &[u8]) -> u64 {
    let mut key = 0;
    let mut index = name.len();
    while index > 0 {
        index -= 1;
        key = key << 8 | name[index] as u64;
    }
    key
}

/// The size of the hash table.
const SLOTS: usize = 512;

/// A perfect hash: no two names have the same slot, so a lookup is one comparison. The multiplier was found by trying
/// two million odd numbers. If a new name shares a slot, the build fails, and another multiplier has to be found.
#[inline]
const fn slot(key: u64) -> usize {
    (key.wrapping_mul(0xf2c7_7055_3e72_74f1) >> (64 - SLOTS.ilog2())) as usize % SLOTS
}

static KEYS: [u64; SLOTS] = TABLE.0;
static TAGS: [Tag; SLOTS] = TABLE.1;

const TABLE: ([u64; SLOTS], [Tag; SLOTS]) = {
    let (mut keys, mut tags) = ([0; SLOTS], [Tag::Other; SLOTS]);
    let mut index = 0;
    while index < NAMES.len() {
        let (name, tag) = NAMES[index];
        if name.len() <= 8 {
            let key = pack(name.as_bytes());
            let slot = slot(key);
            assert!(keys[slot] == 0, "two names have one slot: find another multiplier");
            (keys[slot], tags[slot]) = (key, tag);
        }
        index += 1;
    }
    (keys, tags)
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        for (name, tag) in NAMES {
            assert_eq!(Tag::from_name(name.as_bytes()), tag, "{name}");
        }
        for name in [
            "",
            "x",
            "spam",
            "spans",
            "DIV",
            "clipboard-copy",
            "blockquot",
            "foreignobjects",
        ] {
            assert_eq!(Tag::from_name(name.as_bytes()), Tag::Other, "{name}");
        }
    }
}
