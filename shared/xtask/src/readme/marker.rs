//! The line before a block, which names the source of the block's content.

/// The source of a block's content.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    File {
        path: &'a str,
        region: Option<&'a str>,
    },
    Output {
        command: &'a str,
    },
    /// A table of exact figures, from their file.
    Exact {
        path: &'a str,
    },
    /// A part of the record of the bench `density`.
    Density {
        part: &'a str,
    },
    /// A part of a record; a new marker has no record yet.
    Matrix {
        part: &'a str,
        record: Option<&'a str>,
    },
}

impl<'a> Source<'a> {
    /// The source that a line names, if it is a marker.
    pub(super) fn from_marker(line: &'a str) -> Option<Self> {
        let marker = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
        if let Some(command) = marker.strip_prefix("output: ") {
            return Some(Self::Output { command });
        }
        if let Some(matrix) = marker.strip_prefix("matrix: ") {
            return Some(match matrix.split_once(" from ") {
                Some((part, record)) => Self::Matrix {
                    part,
                    record: Some(record),
                },
                None => Self::Matrix {
                    part: matrix,
                    record: None,
                },
            });
        }
        if let Some(path) = marker.strip_prefix("exact: ") {
            return Some(Self::Exact { path });
        }
        if let Some(part) = marker.strip_prefix("density: ") {
            return Some(Self::Density { part });
        }
        let file = marker.strip_prefix("file: ")?;
        Some(match file.split_once('#') {
            Some((path, region)) => Self::File {
                path,
                region: Some(region),
            },
            None => Self::File {
                path: file,
                region: None,
            },
        })
    }

    /// Whether the block is Markdown; otherwise it is fenced.
    pub(super) fn is_markdown(&self) -> bool {
        matches!(self, Self::Density { .. } | Self::Exact { .. } | Self::Matrix { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_name_their_source() {
        let matrix = |marker| match Source::from_marker(marker) {
            Some(Source::Matrix { part, record }) => Some((part, record)),
            _ => None,
        };
        assert_eq!(matrix("<!-- matrix: cases hello -->"), Some(("cases hello", None)));
        assert_eq!(
            matrix("<!-- matrix: cases hello from 2026 -->"),
            Some(("cases hello", Some("2026")))
        );
        assert_eq!(
            Source::from_marker("<!-- output: a | b -->"),
            Some(Source::Output { command: "a | b" })
        );
        let region = Some(Source::File {
            path: "a.rs",
            region: Some("b"),
        });
        assert_eq!(Source::from_marker("<!-- file: a.rs#b -->"), region);
        assert_eq!(
            Source::from_marker("<!-- exact: a.json -->"),
            Some(Source::Exact { path: "a.json" })
        );
        assert_eq!(
            Source::from_marker("<!-- density: memory -->"),
            Some(Source::Density { part: "memory" })
        );
        assert_eq!(Source::from_marker("<!-- a comment -->"), None);
    }
}
