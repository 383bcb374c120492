//! The slow path of the tokenizer: the states of the standard's "tokenization", one byte at a time.

use super::{
    MAX_ATTRIBUTE_NAME_BYTES, Tokenizer,
    class::{ATTRIBUTE_NAME_END, CLASS, NAME_END, SPACE},
    state::State,
};
use crate::{extract::Extractor, stream::reference::Step};

impl<E: Extractor> Tokenizer<E> {
    /// Processes one byte in the current state. Returns `false` if the next state has to process the byte again
    /// ("reconsume").
    pub(super) fn step(&mut self, byte: u8) -> bool {
        let is_space = CLASS[byte as usize] & SPACE != 0;
        match self.state {
            State::Reference => match self.reference.push(byte) {
                Step::Consumed => return true,
                step => {
                    self.reference_text();
                    self.state = if self.raw_is_rcdata { State::Raw } else { State::Text };
                    return step == Step::ConsumedAndEnded;
                }
            },
            State::ValueReference => match self.reference.push(byte) {
                Step::Consumed => return true,
                step => {
                    self.state = self.value_state;
                    if let Some(attribute) = self.attribute {
                        let reference = self.reference.clone();
                        self.append(attribute, reference.text());
                    }
                    return step == Step::ConsumedAndEnded;
                }
            },
            State::TagOpen => match byte {
                b'!' => {
                    self.matched = 0;
                    self.state = State::MarkupDeclaration;
                }
                b'/' => self.state = State::EndTagOpen,
                b'?' => self.state = State::BogusComment,
                _ if byte.is_ascii_alphabetic() => {
                    self.name.clear();
                    self.is_end_tag = false;
                    self.state = State::TagName;
                    return false;
                }
                _ => {
                    self.text(b"<");
                    self.state = State::Text;
                    return false;
                }
            },
            State::EndTagOpen => match byte {
                b'>' => self.state = State::Text,
                _ if byte.is_ascii_alphabetic() => {
                    self.name.clear();
                    self.is_end_tag = true;
                    self.state = State::TagName;
                    return false;
                }
                _ => self.state = State::BogusComment,
            },
            State::TagName => {
                if CLASS[byte as usize] & NAME_END == 0 {
                    self.name.push(byte);
                } else {
                    self.end_name();
                    self.state = State::BeforeAttributeName;
                    return false;
                }
            }
            State::BeforeAttributeName | State::AfterAttributeName => match byte {
                _ if is_space => {}
                b'/' => self.state = State::SelfClosing,
                b'>' => self.emit(false),
                b'=' if self.state == State::AfterAttributeName => self.state = State::BeforeValue,
                _ => {
                    // `=` is allowed as the first byte of a name.
                    self.attribute_name[0] = byte;
                    self.attribute_name_length = 1;
                    self.state = State::AttributeName;
                }
            },
            State::AttributeName => {
                if CLASS[byte as usize] & ATTRIBUTE_NAME_END != 0 {
                    let name = self.attribute_name;
                    self.attribute = name
                        .get(..self.attribute_name_length)
                        .and_then(|name| self.begin_attribute(name));
                    self.state = State::AfterAttributeName;
                    return false;
                }
                match self.attribute_name.get_mut(self.attribute_name_length) {
                    Some(place) => {
                        *place = byte;
                        self.attribute_name_length += 1;
                    }
                    None => self.attribute_name_length = MAX_ATTRIBUTE_NAME_BYTES + 1,
                }
            }
            State::BeforeValue => match byte {
                _ if is_space => {}
                b'"' => self.state = State::DoubleQuoted,
                b'\'' => self.state = State::SingleQuoted,
                b'>' => self.emit(false),
                _ => {
                    self.state = State::Unquoted;
                    return false;
                }
            },
            State::AfterQuoted => {
                self.state = State::BeforeAttributeName;
                return false;
            }
            State::SelfClosing => {
                if byte == b'>' {
                    self.emit(true);
                } else {
                    self.state = State::BeforeAttributeName;
                    return false;
                }
            }
            State::MarkupDeclaration => return self.markup_declaration(byte),
            State::CommentStart => match byte {
                b'-' => self.state = State::CommentStartDash,
                b'>' => self.state = State::Text,
                _ => return self.switch_to(State::Comment, false),
            },
            State::CommentStartDash => match byte {
                b'-' => self.state = State::CommentEnd,
                b'>' => self.state = State::Text,
                _ => return self.switch_to(State::Comment, false),
            },
            State::CommentEndDash => return self.switch_if(byte == b'-', State::CommentEnd, State::Comment),
            State::CommentEnd => match byte {
                b'>' => self.state = State::Text,
                b'!' => self.state = State::CommentEndBang,
                b'-' => {}
                _ => return self.switch_to(State::Comment, false),
            },
            State::CommentEndBang => match byte {
                b'>' => self.state = State::Text,
                b'-' => self.state = State::CommentEndDash,
                _ => return self.switch_to(State::Comment, false),
            },
            State::CdataBracket => {
                if byte == b']' {
                    self.state = State::CdataEnd;
                } else {
                    self.text(b"]");
                    return self.switch_to(State::Cdata, false);
                }
            }
            State::CdataEnd => match byte {
                b'>' => self.state = State::Text,
                b']' => self.text(b"]"),
                _ => {
                    self.text(b"]]");
                    return self.switch_to(State::Cdata, false);
                }
            },
            State::RawLess => match byte {
                b'/' => self.state = State::RawEndOpen,
                b'!' if self.raw_is_script => self.state = State::ScriptEscapeStart,
                _ => {
                    self.raw_was_text();
                    return false;
                }
            },
            State::RawEndOpen => {
                if byte.is_ascii_alphabetic() {
                    self.matched = 0;
                    self.state = State::RawEndName;
                } else {
                    self.raw_was_text();
                }
                return false;
            }
            State::RawEndName => {
                let name = self.raw_tag.name().as_bytes();
                if self.matched < name.len() && byte.to_ascii_lowercase() == name[self.matched] {
                    // The original case is kept, since the bytes may turn out to be text.
                    self.name.bytes[self.matched] = byte;
                    self.matched += 1;
                } else if self.matched == name.len() && CLASS[byte as usize] & NAME_END != 0 {
                    self.name.clear();
                    for &byte in name {
                        self.name.push(byte);
                    }
                    self.is_end_tag = true;
                    self.raw_is_rcdata = false;
                    self.end_name();
                    return self.switch_to(State::BeforeAttributeName, false);
                } else {
                    self.raw_was_text();
                    return false;
                }
            }
            State::ScriptEscapeStart => return self.switch_if(byte == b'-', State::ScriptEscapeStartDash, State::Raw),
            State::ScriptEscapeStartDash => return self.switch_if(byte == b'-', State::EscapedDashDash, State::Raw),
            State::EscapedDash => match byte {
                b'-' => self.state = State::EscapedDashDash,
                _ => return self.switch_to(State::Escaped, false),
            },
            State::EscapedDashDash => match byte {
                b'-' => {}
                b'>' => self.state = State::Raw,
                _ => return self.switch_to(State::Escaped, false),
            },
            State::EscapedLess => {
                self.matched = 0;
                if byte == b'/' {
                    self.raw_state = State::Escaped;
                    self.state = State::RawEndOpen;
                } else {
                    let is_name = byte.is_ascii_alphabetic();
                    return self.switch_to(
                        if is_name {
                            State::DoubleEscapeStart
                        } else {
                            State::Escaped
                        },
                        false,
                    );
                }
            }
            State::DoubleEscapeStart => {
                return self.match_script(byte, State::DoubleEscaped, State::Escaped);
            }
            State::DoubleEscapedDash => match byte {
                b'-' => self.state = State::DoubleEscapedDashDash,
                _ => return self.switch_to(State::DoubleEscaped, false),
            },
            State::DoubleEscapedDashDash => match byte {
                b'-' => {}
                b'>' => self.state = State::Raw,
                _ => return self.switch_to(State::DoubleEscaped, false),
            },
            State::DoubleEscapedLess => {
                self.matched = 0;
                return self.switch_if(byte == b'/', State::DoubleEscapeEnd, State::DoubleEscaped);
            }
            State::DoubleEscapeEnd => {
                return self.match_script(byte, State::Escaped, State::DoubleEscaped);
            }
            // `run` processes many bytes at once in these states.
            State::Text
            | State::Raw
            | State::Comment
            | State::BogusComment
            | State::Plaintext
            | State::DoubleQuoted
            | State::SingleQuoted
            | State::Unquoted
            | State::Cdata
            | State::Escaped
            | State::DoubleEscaped => return false,
        }
        true
    }

    fn switch_to(&mut self, state: State, consumes: bool) -> bool {
        self.state = state;
        consumes
    }

    /// Consumes the byte if it is the expected one, and reconsumes it in the other state if not.
    fn switch_if(&mut self, is: bool, then: State, otherwise: State) -> bool {
        self.switch_to(if is { then } else { otherwise }, is)
    }

    /// Matches the name `script`, which begins or ends a double-escaped script.
    fn match_script(&mut self, byte: u8, found: State, not_found: State) -> bool {
        const SCRIPT: &[u8] = b"script";
        if CLASS[byte as usize] & NAME_END != 0 {
            return self.switch_to(if self.matched == SCRIPT.len() { found } else { not_found }, true);
        }
        if !byte.is_ascii_alphabetic() {
            return self.switch_to(not_found, false);
        }
        // Any other name is consumed to its end, and does not match.
        let matches = SCRIPT.get(self.matched) == Some(&byte.to_ascii_lowercase());
        self.matched = if matches { self.matched + 1 } else { SCRIPT.len() + 1 };
        true
    }

    /// Processes a byte after `<!`.
    fn markup_declaration(&mut self, byte: u8) -> bool {
        const DASHES: &[u8] = b"--";
        const DOCTYPE: &[u8] = b"doctype";
        const CDATA: &[u8] = b"[CDATA[";
        if self.matched == 0 {
            self.declaration = match byte {
                b'-' => DASHES,
                b'd' | b'D' => DOCTYPE,
                b'[' if self.construction.is_foreign() => CDATA,
                _ => return self.switch_to(State::BogusComment, false),
            };
        }
        let expected = self.declaration[self.matched];
        if byte != expected && !(self.declaration == DOCTYPE && byte.to_ascii_lowercase() == expected) {
            return self.switch_to(State::BogusComment, false);
        }
        self.matched += 1;
        if self.matched == self.declaration.len() {
            self.state = match self.declaration {
                DASHES => State::CommentStart,
                CDATA => State::Cdata,
                _ => {
                    // The contents of a doctype are not used. It ends at the first `>`, in quotes too, like a comment.
                    self.stats.is_document = true;
                    State::BogusComment
                }
            };
        }
        true
    }
}
