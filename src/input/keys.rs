//! Which members of a record are wanted, as a tree of names.
//!
//! Paths that begin alike share their first names, so that a record is gone
//! through once whatever is asked of it. Finding a name among its siblings is
//! a search in a short list: there are a handful of keys.

use crate::input::record::MAX_DEPTH;
use std::fmt;

/// Which members of a record are wanted.
///
/// A path names a member; dots lead into objects: `meta.text` is the member
/// `text` of the object `meta`. `\.` is a dot in a name, `\\` a backslash.
#[derive(Clone, Debug)]
pub struct Keys {
    pub(super) root: Node,
    /// Path of the text, for messages.
    pub(super) text: String,
    /// Number of further fields.
    pub(super) extra: usize,
}

/// A name on the way to wanted members.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    /// Fields that are the member itself.
    pub(super) fields: Vec<Field>,
    /// Names within the member.
    pub(super) children: Vec<Node>,
}

/// A wanted field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Text,
    Id,
    Extra(usize),
}

/// A path to a member that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// A name in it is empty.
    EmptyName {
        /// The path.
        path: String,
    },
    /// It leads deeper than any record goes.
    TooDeep {
        /// The path.
        path: String,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::EmptyName { path } => write!(
                f,
                "the key {path:?} has an empty name in it; write `\\.` for a dot that belongs to a name"
            ),
            KeyError::TooDeep { path } => write!(
                f,
                "the key {path:?} leads deeper than the {MAX_DEPTH} levels that a record may have"
            ),
        }
    }
}

impl std::error::Error for KeyError {}

impl Keys {
    /// Keys of the text, of the id, and of further fields, which may be equal
    /// or lie within each other.
    ///
    /// # Errors
    ///
    /// The first path that cannot be used.
    pub fn new(text: &str, id: &str, extra: &[String]) -> Result<Keys, KeyError> {
        let mut root = Node::default();
        root.add(text, Field::Text)?;
        root.add(id, Field::Id)?;
        for (i, path) in extra.iter().enumerate() {
            root.add(path, Field::Extra(i))?;
        }
        Ok(Keys { root, text: text.to_owned(), extra: extra.len() })
    }
}

impl Node {
    fn add(&mut self, path: &str, field: Field) -> Result<(), KeyError> {
        let names = split(path);
        if names.iter().any(String::is_empty) {
            return Err(KeyError::EmptyName { path: path.to_owned() });
        }
        if names.len() > MAX_DEPTH {
            return Err(KeyError::TooDeep { path: path.to_owned() });
        }
        let mut node = self;
        for name in names {
            let at = node.children.iter().position(|child| child.name == name);
            let at = at.unwrap_or_else(|| {
                node.children.push(Node { name, ..Node::default() });
                node.children.len() - 1
            });
            node = &mut node.children[at];
        }
        node.fields.push(field);
        Ok(())
    }
}

/// The names of a path.
fn split(path: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = c == '\\' && matches!(chars.peek(), Some('.' | '\\'));
        if c == '.' {
            names.push(String::new());
        } else if let Some(last) = names.last_mut() {
            last.push(if escaped { chars.next().unwrap_or(c) } else { c });
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_part_names_and_can_be_escaped() {
        assert_eq!(split("a"), ["a"]);
        assert_eq!(split("a.b"), ["a", "b"]);
        assert_eq!(split(r"a\.b\\.c\d\"), [r"a.b\", r"c\d\"]);
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        for path in ["", ".", "a.", ".a", "a..b"] {
            let error = Keys::new(path, "id", &[]).unwrap_err();
            assert!(matches!(error, KeyError::EmptyName { .. }), "{error}");
        }
        let deep = |n: usize| vec!["a"; n].join(".");
        Keys::new(&deep(MAX_DEPTH), "id", &[]).unwrap();
        Keys::new("text", "id", &[deep(MAX_DEPTH + 1)]).unwrap_err();
    }

    #[test]
    fn names_that_paths_share_are_there_once() {
        let keys = Keys::new("meta.text", "meta.id", &["meta".to_owned()]).unwrap();
        let [meta] = &keys.root.children[..] else { panic!("one name at the top") };
        assert_eq!(meta.fields, [Field::Extra(0)]);
        assert_eq!(meta.children.len(), 2);
    }
}
